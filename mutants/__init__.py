"""Mutation testing of the domain: one small change at a time, and the tests must notice it."""

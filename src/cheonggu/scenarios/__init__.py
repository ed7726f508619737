"""Scenarios: what can go wrong, played to a partner's own program, and what it made of that."""

"""Drives a running sandbox from outside, over HTTP, as any program in any language can."""

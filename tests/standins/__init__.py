"""Providers, as far as their published documents tell: what real adapters are tried against, on loopback."""

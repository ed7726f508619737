"""Hostile input and hostile neighbours, and the proof that they do no harm: `make hostile`."""

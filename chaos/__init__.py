"""Proof that nothing is lost or doubled under faults: load, faults, a record of one's own, and an audit."""

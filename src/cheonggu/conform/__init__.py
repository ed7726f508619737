"""A conformance suite: what the partner API promises, asked of any server that speaks it."""

"""Planted bugs: what shows that the checker can fail. Each lives in a copy of the source, and is caught."""

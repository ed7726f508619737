"""The benchmark: Cheonggu, the plain database and a typical service, side by side in one run."""

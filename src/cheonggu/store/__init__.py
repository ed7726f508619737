"""PostgreSQL in plain SQL, and nothing else."""

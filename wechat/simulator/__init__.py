"""A simulated official account for demo and tests. It is strict, and never used in production."""

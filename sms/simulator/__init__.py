"""A simulated carrier for demo and tests. It refuses what the real carrier refuses. Never used in production."""

"""A strict carrier for demo and tests: it refuses what the real one refuses."""

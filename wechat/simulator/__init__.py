"""A strict official account for demo and tests."""

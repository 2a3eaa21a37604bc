"""Queries on the bearer tokens of other systems."""

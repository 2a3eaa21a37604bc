"""Queries of the release gate."""

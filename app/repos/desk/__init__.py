"""Queries that only the service desk needs."""

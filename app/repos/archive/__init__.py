"""Queries on the rows of data keys. Keys are made and unwrapped in app/services/archive."""

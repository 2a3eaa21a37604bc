"""Rows that one instance touches on its way in."""

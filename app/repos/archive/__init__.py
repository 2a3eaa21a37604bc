"""Rows of data keys."""

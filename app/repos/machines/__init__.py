"""Rows of tokens of other systems."""

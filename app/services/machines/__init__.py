"""Tokens of other systems."""

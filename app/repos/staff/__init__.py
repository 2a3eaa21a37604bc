"""Rows of staff accounts and what the desk searches."""

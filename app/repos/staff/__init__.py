"""Rows of staff accounts and their sessions."""

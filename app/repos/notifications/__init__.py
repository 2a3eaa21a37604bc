"""Rows of messages and their receipts."""

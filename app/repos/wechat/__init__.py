"""Rows of WeChat accounts that are bound to a patient."""

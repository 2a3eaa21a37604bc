"""Queries on WeChat accounts that are bound to a patient."""

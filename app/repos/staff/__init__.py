"""Queries on staff accounts and their sessions. Login is in app/services/staff."""

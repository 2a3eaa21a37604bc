"""Queries on what patients agreed to. Decisions about it are in app/services/consent."""

"""Queries on the bearer tokens of other systems. Tokens are made and checked in app/services/machines."""

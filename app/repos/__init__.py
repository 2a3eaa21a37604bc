"""Queries only; they never commit. Decisions live in app/services."""

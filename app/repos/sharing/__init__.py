"""Queries on shares, on digits for a doctor's PC, and on the sessions of guests. Decisions: app/services/sharing."""

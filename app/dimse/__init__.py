"""DIMSE doors. Decisions are made in app/services."""

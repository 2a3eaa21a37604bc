"""Telling a patient: what waits, what was sent, what a carrier said of it."""

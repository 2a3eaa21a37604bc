"""Counts and rows that have served."""

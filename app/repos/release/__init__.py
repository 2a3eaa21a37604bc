"""Queries of the release gate. Whether it opens is decided in app/services/release."""

"""Rows the release gate looks at."""

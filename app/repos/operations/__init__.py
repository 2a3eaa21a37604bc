"""Queries for operators: counts of rows, and removal of rows that nobody needs any more."""

"""Queries on the rows that an incoming instance needs. What is done with an instance is in app/services/ingest."""

"""Queries on jobs. Leases and retries are decided in app/services/queue."""

"""Queries of the room data_requests. What may be asked and answered is decided in app/services/data_requests."""

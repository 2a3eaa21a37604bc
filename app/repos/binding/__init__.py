"""Queries of the room binding. Who may be bound is decided in app/services/binding."""

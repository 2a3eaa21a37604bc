"""Queries on messages and their receipts. When a message is sent is decided in app/services/notifications."""

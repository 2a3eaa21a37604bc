"""Queries of the phone door. Limits and decisions are in app/services/phone_door."""

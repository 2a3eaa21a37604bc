"""Queries on codes, sessions, devices and counted tries. Limits and decisions are in app/services/patient_access."""

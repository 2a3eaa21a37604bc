"""Queries on the audit log. Events and their chain are in app/services/audit."""

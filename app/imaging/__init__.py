"""Pixels to pictures. Pure: no database, no stored objects, no HTTP."""

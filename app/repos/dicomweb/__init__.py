"""Queries of QIDO-RS. What a search may contain is decided in app/services/dicomweb."""

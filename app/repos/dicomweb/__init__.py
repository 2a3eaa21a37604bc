"""Queries of QIDO-RS."""

"""Printed things: the report sheet and the QR code."""

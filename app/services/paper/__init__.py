"""Printed things: the report sheet and the QR code. Their words are in templates/paper."""

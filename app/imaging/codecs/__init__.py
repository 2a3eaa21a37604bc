"""Compressed frames to arrays, arrays to pictures a browser shows."""

"""Decodes frames to arrays, and encodes arrays to pictures for a browser. Windows and colours are in `display`."""

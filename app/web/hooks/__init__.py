"""Callbacks of carriers: verify, queue, answer."""

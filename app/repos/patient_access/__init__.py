"""Rows of codes, sessions, devices and tries."""

"""Pixels to pictures, pure: no database, no files of ours, no HTTP."""

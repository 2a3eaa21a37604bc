"""Backups of everything but the keys, made while others work, and their way back."""

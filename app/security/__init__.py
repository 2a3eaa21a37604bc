"""Sealing, keys, tokens, passwords, permissions, rate limits. No tables, no HTTP."""

"""Sealing, keys, codes, tokens, passwords, permissions, addresses, least speeds. No tables, no HTTP."""

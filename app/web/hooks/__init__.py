"""Callbacks of carriers: check the secret, take the receipts, answer. Matching receipts is in
services/notifications."""

"""Pictures, without a server."""

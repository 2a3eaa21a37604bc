"""Pictures against other implementations and hostile bytes."""

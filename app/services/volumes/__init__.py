"""Volumes: which frames make one, volumes in memory, and cuts through them. Their geometry is in app/imaging."""

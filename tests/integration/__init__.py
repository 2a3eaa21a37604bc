"""Several rooms together, real database and store."""

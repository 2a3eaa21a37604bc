"""Bearer tokens of other systems."""

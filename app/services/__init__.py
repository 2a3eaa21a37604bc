"""Use cases, one transaction each. No HTTP, no SQL, no vendor names."""

"""Use cases, one by one."""

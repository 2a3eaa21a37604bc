"""Fast tests of single rooms; mirrors the tree."""

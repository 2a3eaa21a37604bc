"""Bounded caches in the memory of one process. Decoding children use them too: import only the standard library."""

"""Benchmarks. Most compare two programs by the ratio of interleaved runs. Tests are in tests/, not here."""

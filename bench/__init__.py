"""Benchmarks: ratios of interleaved runs."""

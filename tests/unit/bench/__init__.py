"""The benchmarks' own arithmetic and bookkeeping; no time is asserted."""

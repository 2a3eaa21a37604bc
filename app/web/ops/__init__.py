"""For operators: whether the process is alive and ready, and its figures. The figures are counted in
services/operations."""

"""Long runs that `make test` leaves out: each module is a program, `python -m tests.soak.<name>`. See `make soak`."""

"""Long runs that `make test` leaves out: hostile connections, and the longest write transactions. See `make soak`."""

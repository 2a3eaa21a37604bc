"""The audit log: writing it, reading it, what its events are about, and the reasons it knows."""

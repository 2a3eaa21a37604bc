"""The audit log: writing it, reading it, and the reasons it knows."""

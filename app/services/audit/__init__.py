"""The audit log: writing it, reading it, the subjects of its events, and its reasons. Each room records its own
events."""

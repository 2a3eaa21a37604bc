"""May patients see it: the gate, and holds that a human lifts."""

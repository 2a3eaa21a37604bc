"""The ways to a patient: whom each reaches, what it says there, how its carrier takes it. When and whether something is
sent is the room `notifications`."""

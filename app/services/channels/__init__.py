"""The ways to reach a patient: each has its recipients, its texts and its carrier. The room `notifications` decides
whether and when a message is sent."""

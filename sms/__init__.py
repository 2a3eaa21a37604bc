"""Text messages: what may be sent, how a carrier takes it, a simulated carrier. Knows nothing of exams or app/."""

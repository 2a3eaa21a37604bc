"""Text messages: their registered texts, the port to a carrier, a simulated carrier. Knows nothing of exams or app/."""

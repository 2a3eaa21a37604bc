"""What the service desk finds, sees and does: exams, messages that did not arrive, searches."""

"""Exams and their reports: registered, matched with studies, held, released."""

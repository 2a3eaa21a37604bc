"""What patients reach: entry, verification, exams, pictures."""

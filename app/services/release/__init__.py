"""Whether patients may see an exam: the release gate, and holds. What they see is in services/pictures and
services/exams."""

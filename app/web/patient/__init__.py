"""Pages for patients: the ways in, exams, pictures, and the guard of their session. Nothing here is for staff."""

"""Who is the same person: names, numbers, and how their sealed form is opened. Pure: no database."""

"""Who is the same person: names, numbers, and the sealed form of an identity. Pure: no database."""

"""Background work: load ids, call one service each. The rows in the database are the truth; a broker only wakes."""

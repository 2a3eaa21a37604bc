"""Prepared pictures: a study becomes complete, its pictures are made once and then served. Drawing is in
app/imaging."""

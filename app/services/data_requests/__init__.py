"""What a patient is told of the own data, and asks about it: to correct it, or to delete it."""

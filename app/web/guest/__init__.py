"""Pages of guests, whom a patient let in: the doors `/g/<code>` and `/d`, and everything under `/guest/<id>`."""

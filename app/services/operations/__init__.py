"""What whoever runs the service asks of it: checks, figures, rows that have served."""

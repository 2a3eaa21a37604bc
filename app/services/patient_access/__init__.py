"""How a patient gets in: codes, factors, counted tries, sessions."""

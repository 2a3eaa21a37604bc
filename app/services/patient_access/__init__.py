"""How a patient gets in: codes, factors, counted tries, sessions. Pages and cookies are in app/web/patient."""

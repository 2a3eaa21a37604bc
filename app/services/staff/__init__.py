"""People of the hospital: accounts and login."""

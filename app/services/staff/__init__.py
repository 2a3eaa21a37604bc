"""People of the hospital: accounts, login, the service desk."""

"""Staff of the hospital: accounts and login. What a role may do is in app/security/permissions.py."""

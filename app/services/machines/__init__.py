"""Bearer tokens of other systems. Scopes are checked in app/web/machine."""

"""Flask's own session, which holds the tokens of the console's forms: it is opened for the console's pages only.

Patients' and machines' requests need none, and every picture would pay for it.
"""

from __future__ import annotations

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

CONSOLE = "/staff"


class FormSession(SecureCookieSessionInterface):
    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """None makes it an empty one that refuses to be written."""
        return super().open_session(app, request) if request.path.startswith(CONSOLE) else None

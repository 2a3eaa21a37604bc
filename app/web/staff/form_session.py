"""Flask's own session, which holds the tokens of the console's forms. It is opened for pages of the console only.

Requests of patients and machines do not need it, and it would make every picture slower.
"""

from __future__ import annotations

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

CONSOLE = "/staff"


class FormSession(SecureCookieSessionInterface):
    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """None gives Flask an empty session that cannot be written."""
        return super().open_session(app, request) if request.path.startswith(CONSOLE) else None

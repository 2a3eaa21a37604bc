"""Guards for systems: `Authorization: Bearer <token>` with a scope (RFC 6750).

Tokens themselves are in app/services/machines/tokens.py.
"""

from __future__ import annotations

from flask import g, request

from app.errors import Forbidden, Unauthenticated
from app.security.permissions import Scope
from app.services.machines.tokens import MachineCaller
from app.web.context import services
from app.web.guards import Guard


def requires_scope(scope: Scope) -> Guard:
    """A guard that lets in systems whose token has `scope`. No or wrong token: 401; missing scope: 403."""

    def guard() -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated
        g.machine = services().machines.tokens.authenticate(token.strip())
        if scope not in caller().scopes:
            raise Forbidden

    guard.__name__ = f"requires_scope_{scope}"
    return guard


def caller() -> MachineCaller:
    """The system of the current request."""
    machine: MachineCaller = g.machine
    return machine

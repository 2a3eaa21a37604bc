"""The staff's cookie and the guards of everything under /staff. Sessions are in app/services/staff/login.py."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Response, g, request
from flask_wtf import CSRFProtect

from app.errors import Forbidden, InvalidInput, NotFound, PasswordOverAge
from app.security.permissions import Permission, may
from app.services.staff.login import StaffAccess
from app.web import body_limits, cookies
from app.web.context import services
from app.web.guards import Guard
from app.web.sent_text import is_usable

csrf = CSRFProtect()


def hospital_network() -> None:
    """Guard of the login page: the client has an address of the hospital, and a POST has our form's token. Other
    addresses get 404."""
    if not services().settings.staff_group.holds(request.remote_addr or ""):
        raise NotFound
    g.at_console = True  # errors from here on are told in staff's words
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        body_limits.limit_form()
        csrf.protect()
    if not all(map(is_usable, _texts())):
        raise InvalidInput("text", "must not hold control characters")


def _texts() -> Iterator[str]:
    """All that was sent as text: values may stand twice under one name, and names are shown too."""
    yield request.path
    for fields in (request.args, request.form):
        for name, value in fields.items(multi=True):
            yield name
            yield value


def own_session() -> None:
    """Guard: a member of staff is logged in, even with a password that is over age."""
    hospital_network()
    g.staff_access = services().staff.login.check(services().staff.tokens.read(cookies.STAFF.read()))


def requires(permission: Permission) -> Guard:
    """A guard that lets in staff whose role has `permission`."""

    def guard() -> None:
        own_session()
        if current_staff().must_change_password:
            raise PasswordOverAge
        if not may(current_staff().role, permission):
            raise Forbidden

    guard.__name__ = f"requires_{permission.name.lower()}"
    return guard


def current_staff() -> StaffAccess:
    access: StaffAccess = g.staff_access
    return access


def staff_or_none() -> StaffAccess | None:
    """Who is logged in, on a page that strangers also see."""
    access: StaffAccess | None = g.get("staff_access")
    return access


def begin(response: Response, token: str) -> Response:
    cookies.STAFF.set(response, token)
    return response


def end(response: Response) -> Response:
    cookies.STAFF.delete(response)
    return response

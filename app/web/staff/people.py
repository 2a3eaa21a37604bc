"""The security administrator's page: staff accounts. New secrets are shown once, on the page that answers. Accounts are
in services/staff."""

from __future__ import annotations

import segno
from flask import Response, flash, make_response, redirect, render_template, request

from app.errors import Conflict, InvalidInput
from app.security import totp
from app.security.permissions import Permission, Role
from app.services.staff.accounts import Credentials
from app.web.context import services
from app.web.guards import guarded_blueprint
from app.web.staff.session import current_staff, requires

blueprint = guarded_blueprint("staff_people", __name__, requires(Permission.MANAGE_STAFF), url_prefix="/staff/people")


@blueprint.get("")
def people() -> Response:
    return _page(None, 200)


@blueprint.post("")
def create() -> Response:
    username = request.form.get("username", "")[:64].strip().casefold()
    try:
        fresh = services().staff.accounts.create(username, request.form.get("role", "")[:16], current_staff().actor)
    except InvalidInput as error:
        return _page(error.field, 400)
    except Conflict:
        return _page("taken", 409)
    return _told(fresh)


@blueprint.post("/<username>/reset")
def reset(username: str) -> Response:
    return _told(services().staff.accounts.reset(username, current_staff().actor))


@blueprint.post("/<username>/disable")
def disable(username: str) -> Response:
    if username == current_staff().username:
        return _page("self", 409)
    services().staff.accounts.disable(username, current_staff().actor)
    flash("disabled")
    return make_response(redirect("/staff/people", 303))


def _page(fault: str | None, status: int) -> Response:
    everybody = services().staff.accounts.everybody()
    return make_response(render_template("staff/people.html", everybody=everybody, roles=Role, fault=fault), status)


def _told(fresh: Credentials) -> Response:
    uri = totp.provisioning_uri(fresh.totp_secret, fresh.username)
    picture = segno.make(uri, error="m").svg_data_uri(scale=5)
    return make_response(render_template("staff/credentials.html", fresh=fresh, picture=picture))

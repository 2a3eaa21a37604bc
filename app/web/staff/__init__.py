"""The staff console: login, exams, messages, people, audit, system. Nothing here is for patients.

`install` sets up what only this console uses: forms with CSRF tokens (Flask-WTF) and Bootstrap's style sheet.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask
from flask_bootstrap import Bootstrap5

from app.clock import CHINA
from app.security.permissions import Permission, may
from app.web import cookies
from app.web.guards import guard_blueprint, public
from app.web.staff import audit, data_requests, exams, family, login, messages, people, rules, system
from app.web.staff.form_session import FormSession
from app.web.staff.pages import page_address
from app.web.staff.session import csrf, staff_or_none


def install(app: Flask) -> None:
    services = app.extensions["cloudfilm"]
    app.secret_key = services.staff.form_key
    app.session_interface = FormSession()
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False,  # the staff guard checks; patients' forms and machines have their own ways
        WTF_CSRF_TIME_LIMIT=None,  # a login page left open overnight must work in the morning
        WTF_CSRF_SSL_STRICT=False,  # it needs a Referer; `origins` looks at what browsers say more reliably
        BOOTSTRAP_SERVE_LOCAL=True,
        **cookies.form_settings(services.settings.is_https),
    )
    csrf.init_app(app)
    app.static_url_path = "/static"  # names the extension's own folder: /bootstrap/static
    Bootstrap5(app)
    guard_blueprint(app.blueprints["bootstrap"], public)
    app.jinja_env.filters["china_time"] = china_time
    app.jinja_env.globals["page_address"] = page_address
    app.context_processor(_who)
    for room in (login, exams, family, data_requests, messages, people, audit, system, rules):
        app.register_blueprint(room.blueprint)


def china_time(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"


def _who() -> dict[str, Any]:
    """For the frame of the console: who is logged in, and what the role may do."""
    staff = staff_or_none()
    allowed = {permission.name for permission in Permission if staff and may(staff.role, permission)}
    return {"staff": staff, "allowed": allowed}

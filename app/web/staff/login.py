"""Staff log in with password and one-time password, log out, and change their password. services/staff checks."""

from __future__ import annotations

from flask import Response, flash, make_response, redirect, render_template, request, session

from app.errors import AccessRefused, InvalidInput, NotFound, TooManyAttempts
from app.security.permissions import Permission, may
from app.web.context import services
from app.web.guards import guarded, guarded_blueprint
from app.web.staff.forms import LoginForm, PasswordForm
from app.web.staff.session import begin, current_staff, end, hospital_network, own_session

blueprint = guarded_blueprint("staff_login", __name__, own_session, url_prefix="/staff")

HOMES = (
    (Permission.SEE_EXAMS, "/staff/exams"),
    (Permission.SEE_SYSTEM, "/staff/system"),
    (Permission.MANAGE_STAFF, "/staff/people"),
    (Permission.READ_AUDIT, "/staff/audit"),
)


@blueprint.get("/", strict_slashes=False)
def home() -> Response:
    """The first page of the role."""
    role = current_staff().role
    return _to(next(page for permission, page in HOMES if may(role, permission)))


@blueprint.route("/<path:unknown>", methods=["GET", "POST"])
def nowhere(unknown: str) -> Response:
    """Unknown addresses. A person who is not logged in is led to the login page and does not learn which addresses
    exist."""
    raise NotFound


@blueprint.get("/login")
@guarded(hospital_network)
def login_page() -> str:
    return render_template("staff/login.html", form=LoginForm(), fault=None)


@blueprint.post("/login")
@guarded(hospital_network)
def log_in() -> Response:
    form = LoginForm()
    if not form.validate():
        return _refused(form, "incomplete", 400)
    try:
        session_id = services().staff.login.log_in(
            form.username.data, form.password.data, form.totp.data, request.remote_addr or ""
        )
    except AccessRefused:
        return _refused(form, "wrong", 403)
    except TooManyAttempts as pause:
        response = _refused(form, "locked", 429)
        response.headers["Retry-After"] = str(pause.retry_after_s)
        return response
    session.clear()  # tokens of forms shown before the login end with it
    return begin(_to("/staff/"), services().staff.tokens.issue(session_id))


@blueprint.post("/logout")
def log_out() -> Response:
    services().staff.login.log_out(current_staff())
    session.clear()
    return end(_to("/staff/login"))


@blueprint.get("/password")
def password_page() -> str:
    return render_template("staff/password.html", form=PasswordForm(), fault=None)


@blueprint.post("/password")
def change_password() -> Response:
    """Change the password. This ends every session of the account, also this one."""
    form = PasswordForm()
    fault = "incomplete"
    if form.validate():
        fault = "" if form.new.data == form.again.data else "again"
    if not fault:
        try:
            services().staff.accounts.change_password(current_staff().user_id, form.current.data, form.new.data)
        except InvalidInput as error:
            fault = error.reason
    if fault == "wrong":  # a stranger at an open session gets one guess
        services().staff.login.log_out(current_staff())
        session.clear()
        return end(_refused(LoginForm(formdata=None), "wrong_password", 403))
    if fault:
        return make_response(render_template("staff/password.html", form=PasswordForm(formdata=None), fault=fault), 400)
    session.clear()
    flash("password_changed")
    return end(_to("/staff/login"))


def _refused(form: LoginForm, fault: str, status: int) -> Response:
    return make_response(render_template("staff/login.html", form=form, fault=fault), status)


def _to(path: str) -> Response:
    return make_response(redirect(path, 303))

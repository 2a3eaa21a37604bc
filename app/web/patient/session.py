"""The patient's cookies and the guard of everything under /exams/. What a session is: app/services/patient_access."""

from __future__ import annotations

import hashlib
import hmac
import uuid

from flask import Response, current_app, g, request

from app.errors import InvalidInput, NotFound, Unauthenticated
from app.services.audit.log import Action
from app.services.patient_access.opening import Opened
from app.services.patient_access.sessions import PatientAccess
from app.web.context import services

DEVICE_SECONDS = 365 * 24 * 3600


def cookie_name(name: str) -> str:
    """The cookie's name, with `__Host-` on https. The http demo uses neither the prefix nor Secure."""
    return f"__Host-{name}" if _https() else name


def patient_session() -> None:
    """Guard: a live session for exactly the exam in the address. Anything else does not exist (404)."""
    try:
        session_id = services().patient_access.tokens.read(request.cookies.get(cookie_name("cf-patient"), ""))
    except Unauthenticated:
        raise NotFound from None
    access = services().patient_access.sessions.check(session_id)
    asked = (request.view_args or {}).get("exam_id")
    if asked is not None and not hmac.compare_digest(str(asked).encode(), access.exam_id.hex.encode()):
        raise NotFound
    g.patient_access = access


def shown_exam() -> None:
    """Guard of everything that shows an exam: a live session, and an exam that is not held."""
    patient_session()
    if current_access().held:
        raise NotFound


def no_route() -> None:
    """Guard for unknown addresses and methods under /exams. Without a session all are 404, with one some are 405."""
    if request.routing_exception is not None and request.path.lstrip("/").partition("/")[0] == "exams":
        patient_session()


def current_access() -> PatientAccess:
    access: PatientAccess = g.patient_access
    return access


def record(action: Action, **detail: str) -> None:
    """Note in the audit log what this patient looks at or downloads. A HEAD request does neither."""
    if request.method != "HEAD":
        services().patient_access.sessions.record(current_access(), action, **detail)


def device_token() -> str | None:
    """The token of a browser that was let in before."""
    return request.cookies.get(cookie_name("cf-device"), "")[:64] or None


def begin(response: Response, opened: Opened) -> Response:
    """Set the cookies of a new session."""
    _set(response, "cf-patient", services().patient_access.tokens.issue(opened.session_id), None)
    _set(response, "cf-device", opened.device, DEVICE_SECONDS)
    return response


def end(response: Response) -> Response:
    response.delete_cookie(cookie_name("cf-patient"), path="/", secure=_https(), httponly=True, samesite="Lax")
    return response


def csrf_token() -> str:
    """A token bound to the session. The page shows it; another site cannot read it."""
    return _csrf(current_access().session_id)


def check_csrf() -> None:
    """Raises InvalidInput unless the form carries this session's token."""
    if not hmac.compare_digest(request.form.get("csrf_token", "").encode(), csrf_token().encode()):
        raise InvalidInput("csrf_token", "is missing or of another session")


def _csrf(session_id: uuid.UUID) -> str:
    return hmac.new(services().patient_access.tokens.key, b"csrf" + session_id.bytes, hashlib.sha256).hexdigest()


def _set(response: Response, name: str, value: str, max_age: int | None) -> None:
    response.set_cookie(
        cookie_name(name), value, max_age=max_age, path="/", secure=_https(), httponly=True, samesite="Lax"
    )


def _https() -> bool:
    return bool(current_app.extensions["cloudfilm"].settings.base_url.startswith("https:"))

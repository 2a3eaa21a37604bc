"""The patient's session in the browser, and the guard of everything under /exams/. Rows are in
services/patient_access."""

from __future__ import annotations

import hashlib
import hmac
import uuid

from flask import Response, g, request

from app.errors import InvalidInput, NotFound, Unauthenticated
from app.services.audit.log import Action
from app.services.patient_access.opening import Opened
from app.services.patient_access.sessions import PatientAccess
from app.web import cookies
from app.web.context import services


def patient_session() -> None:
    """Guard: a live session for exactly the exam in the address. Everything else gets 404."""
    try:
        session_id = services().patient_access.tokens.read(cookies.PATIENT.read())
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
    """Guard for unknown addresses and methods under /exams. Without a session all get 404; with a session some get
    405."""
    if request.routing_exception is not None and request.path.lstrip("/").partition("/")[0] == "exams":
        patient_session()


def current_access() -> PatientAccess:
    access: PatientAccess = g.patient_access
    return access


def record(action: Action, **detail: str) -> None:
    """Note in the audit log what this patient looks at or downloads. A HEAD request does neither."""
    if request.method != "HEAD":
        services().patient_access.sessions.record(current_access(), action, **detail)


def record_look() -> None:
    """Note once in a session that this patient sees pictures of the exam. Every address that shows pictures calls
    this."""
    if request.method != "HEAD":
        services().patient_access.sessions.record_once(current_access(), Action.IMAGES_VIEWED)


def device_token() -> str | None:
    """The token of a browser that was let in before."""
    return cookies.DEVICE.read()[:64] or None


def begin(response: Response, opened: Opened) -> Response:
    """Set the cookies of a new session."""
    cookies.PATIENT.set(response, services().patient_access.tokens.issue(opened.session_id))
    cookies.DEVICE.set(response, opened.device)
    return response


def end(response: Response) -> Response:
    cookies.PATIENT.delete(response)
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

"""The patient's session in the browser, and the guards of /exams and everything under it. Its row is the business of
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
from app.web.row_ids import row_id


def patient_session() -> None:
    """Guard: a live session that opens the exam in the address. Anything else does not exist (404)."""
    asked = (request.view_args or {}).get("exam_id")
    if asked is None:
        raise NotFound
    exam_id = row_id(str(asked))
    if asked != exam_id.hex:  # one exam has one address
        raise NotFound
    g.patient_access = services().patient_access.sessions.check(_session_id(), exam_id)


def any_session() -> None:
    """Guard of the list: a live session, of one exam or of a person."""
    g.opened = services().patient_access.sessions.opened(_session_id())
    g.patient_access = g.opened[0]


def _session_id() -> uuid.UUID:
    try:
        return services().patient_access.tokens.read(cookies.PATIENT.read())
    except Unauthenticated:
        raise NotFound from None


def shown_exam() -> None:
    """Guard of pictures, downloads and the report as PDF: a live session, and an exam that is not held. The pages in
    `exams` and `exam_list` look at `held` themselves, because they have something to say of a held exam."""
    patient_session()
    if current_access().held:
        raise NotFound


def no_route() -> None:
    """Guard for unknown addresses and methods under /exams. Without a session all get 404; with a session some get
    405."""
    if request.routing_exception is not None and request.path.lstrip("/").partition("/")[0] == "exams":
        any_session()


def current_access() -> PatientAccess:
    access: PatientAccess = g.patient_access
    return access


def opened_exams() -> list[PatientAccess]:
    """Behind `any_session`: each exam that the session opens, the newest first."""
    opened: list[PatientAccess] = g.opened
    return opened


def record(action: Action, **detail: str) -> None:
    """Note in the audit log what this patient looks at or downloads. A HEAD request does neither."""
    if request.method != "HEAD":
        services().patient_access.sessions.record(current_access(), action, **detail)


def record_list() -> None:
    """Note that the list was looked at."""
    if request.method != "HEAD":
        services().patient_access.sessions.record_list(opened_exams())


def record_look() -> None:
    """Note once in a session that this patient sees pictures of the exam. Every address that shows pictures calls
    this."""
    if request.method != "HEAD":
        services().patient_access.sessions.record_once(current_access(), Action.IMAGES_VIEWED)


def device_token() -> str | None:
    """The token of a browser that was let in before."""
    return cookies.DEVICE.read()[:64] or None


def begin(response: Response, opened: Opened) -> Response:
    """Set the cookies of a new session of one exam."""
    cookies.DEVICE.set(begin_of_person(response, opened.session_id), opened.device)
    return response


def begin_of_person(response: Response, session_id: uuid.UUID) -> Response:
    """Set the cookie of a new session, in place of one that was there before."""
    cookies.PATIENT.set(response, services().patient_access.tokens.issue(session_id))
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

"""Who looks at an exam: the access that a guard of patients or of guests leaves to the views, and what every view does
with it. The sessions themselves are in app/web/patient/session and app/web/guest/session.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from flask import g, request

from app.errors import InvalidInput
from app.services.audit.log import Action
from app.services.patient_access.opening import MOST_AT_ONCE
from app.services.patient_access.sessions import Parts, PatientAccess
from app.web.context import services

MOST_SESSIONS, BETWEEN = MOST_AT_ONCE, "~"
"""The cookie holds the tokens of the sessions of one browser, the newest first: a second exam does not close the
first."""


def let_in(access: PatientAccess, check: Callable[[], PatientAccess], base: str) -> None:
    """What the guards of patients and of guests leave to the views. `check`: gives the access again, or raises
    NotFound. `base`: the address under which the exam's pages and pictures lie for this session."""
    g.patient_access, g.checks_again, g.base = access, check, base


def current_access() -> PatientAccess:
    access: PatientAccess = g.patient_access
    return access


def checks_again() -> Callable[[], PatientAccess]:
    """A function that gives the current access as it is then, or raises NotFound. It may be called after the
    request."""
    check: Callable[[], PatientAccess] = g.checks_again
    return check


def base() -> str:
    """The address of the current exam for this session; its pages and pictures lie under it."""
    found: str = g.get("base") or f"/exams/{current_access().exam_id.hex}"
    return found


def finishing_or_none() -> Callable[[bytes], bytes] | None:
    """As `finishing`; None where pictures are shown as they are."""
    found: Callable[[bytes], bytes] | None = g.get("finish")
    return found


def finishing() -> Callable[[bytes], bytes]:
    """What is done to a JPEG that is shown inside of something else than an answer of its own: a share's pictures are
    marked."""
    return finishing_or_none() or (lambda picture: picture)


def is_given(parts: Parts) -> bool:
    """Whether the view that answers shows what this visitor may see of the exam."""
    chosen = {
        "report_pdf": parts.report,
        "report_version": parts.report,
        "dicom_zip": parts.originals,
        "document": parts.report or parts.pictures,  # each kind of document asks once more
    }
    return chosen.get((request.endpoint or "").rpartition(".")[2], parts.pictures)


def record(action: Action, **detail: str) -> None:
    """Note in the audit log what this patient looks at or downloads. A HEAD request does neither."""
    if request.method != "HEAD":
        services().patient_access.sessions.record(current_access(), action, **detail)


def record_look() -> None:
    """Note once in a session that this patient sees pictures of the exam. Every address that shows pictures calls
    this."""
    if request.method != "HEAD":
        services().patient_access.sessions.record_once(current_access(), Action.IMAGES_VIEWED)


def csrf_token() -> str:
    """A token bound to the session. The page shows it; another site cannot read it."""
    return csrf_of(current_access())


def check_csrf() -> None:
    """Raises InvalidInput unless the form carries this session's token."""
    if not hmac.compare_digest(request.form.get("csrf_token", "").encode(), csrf_token().encode()):
        raise InvalidInput("csrf_token", "is missing or of another session")


def csrf_of(access: PatientAccess) -> str:
    """The token of this session, which need not be the one of the request."""
    key, own = services().patient_access.tokens.key, b"csrf" + access.session_id.bytes
    return hmac.new(key, own, hashlib.sha256).hexdigest()

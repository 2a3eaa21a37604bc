"""Begins sessions of exams on one device: of the exam that a code names, and of those that its message told along.
`verification` and `one_time_codes` check the factor before."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from app.models import AccessCode, KnownDevice, PatientSession
from app.repos.patient_access import codes as repo
from app.repos.patient_access import sessions
from app.security.codes import Codes
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import exam_subject
from app.services.patient_access.code_naming import Attempt, Named
from app.services.session_times import SESSION_LIFETIME

MOST_AT_ONCE = 8
"""Sessions that one browser keeps, so one code opens no more exams."""


class Factor(StrEnum):
    """What proved the person."""

    ID_NUMBER = "id_number"
    ONE_TIME_CODE = "one_time_code"
    TICKET = "ticket"
    """An address that another browser of the patient was given."""
    PHONE = "phone"
    """Digits to the phone on file, and the last four of the ID number."""
    WECHAT = "wechat"
    """A bound WeChat account, in a browser that proved it before or with a one-time code."""


@dataclass(frozen=True)
class Opened:
    session_id: uuid.UUID
    exam_id: uuid.UUID
    device: str
    """Token for the device cookie; 256 bits."""
    told_along: tuple[tuple[uuid.UUID, uuid.UUID], ...] = ()
    """(session, exam) of the other exams that the message with this code told of."""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """Decides nothing: it makes the session. It works inside the caller's transaction and raises nothing of its own."""

    codes: Codes
    audit: Audit

    def open_session(self, session: Session, named: Named, attempt: Attempt, now: datetime, *, by: Factor) -> Opened:
        """A new session of the named exam, and one of each exam that the message with this code told along; `by` is for
        the audit log.

        The others are exams of the same patient, each by the live code of its own message: nobody opens more than with
        a message for each.
        """
        assert named.exam is not None
        assert named.code is not None
        device = self._device(session, attempt)
        first = self._begin(session, named.code, device, now, by)
        along = repo.codes_told_along(session, named.code, named.exam.patient_id, now, MOST_AT_ONCE - 1)
        others = tuple((self._begin(session, code, device, now, by), code.exam_id) for code in along)
        return Opened(first, named.exam.id, device, others)

    def _begin(self, session: Session, code: AccessCode, device: str, now: datetime, by: Factor) -> uuid.UUID:
        row = PatientSession(
            exam_id=code.exam_id,
            access_code_id=code.id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + SESSION_LIFETIME,
        )
        repo.add(session, row)
        device_hash = self.codes.hash("device", device)
        if (known := sessions.known_device(session, device_hash, code.exam_id)) is not None:
            known.last_used_at = now
        else:
            known = KnownDevice(device_hash=device_hash, exam_id=code.exam_id, created_at=now, last_used_at=now)
            repo.add(session, known)
        actor, subject = f"patient-session:{row.id.hex}", exam_subject(code.exam_id)
        self.audit.record(session, Action.ACCESS_GRANTED, actor=actor, subject=subject, by=by)
        return row.id

    def _device(self, session: Session, attempt: Attempt) -> str:
        """The browser's own token, if we gave it one for any exam. A new token would make it a stranger to that
        exam."""
        if attempt.device and sessions.is_known_device(session, self.codes.hash("device", attempt.device)):
            return attempt.device
        return secrets.token_urlsafe(32)

"""Which exam a typed code names, if any. `verification` decides whether the person may see it.

Every typed text runs the same statements and reads the same number of rows, so that time tells nothing. For a text that
names no exam, the rows of the next code by hash are read; they are not used.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from app.models import AccessCode, Exam, Patient
from app.repos.patient_access import codes as repo
from app.repos.patient_access import sessions
from app.security.codes import Codes, normal_code
from app.services.audit.subjects import code_subject, exam_subject

NOBODY = uuid.UUID(int=0)
"""Stands for a missing exam or code, so that the same statements run."""

NO_PHONE = "+86"
"""Stands for an invalid phone number. It matches nothing and counts like any other failure."""


@dataclass(frozen=True)
class Attempt:
    """The input of a POST. `phone` (+86… or NO_PHONE): only for pick-up codes. `device`: the cookie of a browser that
    was let in before."""

    code: str
    address: str
    phone: str | None = None
    device: str | None = None


@dataclass(frozen=True)
class Named:
    """What a code names. `code_key` and `patient_key` exist for every typed text; failures are counted by them."""

    code_key: bytes
    patient_key: bytes
    code: AccessCode | None
    exam: Exam | None
    patient: Patient | None
    device_key: bytes | None
    """Set for a browser that opened this exam before."""
    is_ours: bool
    """There is such a code, also when it was revoked or has expired."""
    read: object = field(repr=False)
    """The rows that were read. This field is never used: it only keeps the rows, so that they are freed at the same
    time for every typed text."""

    @property
    def subject(self) -> str:
        """The subject for the audit log."""
        return exam_subject(self.exam.id) if self.exam else code_subject(self.code_key)


@dataclass(frozen=True, kw_only=True)
class CodeNaming:
    """Decides which exam a code names. Every method but `code_key` works inside the caller's transaction. A code that
    names nothing is a result and raises nothing."""

    codes: Codes

    def code_key(self, attempt: Attempt) -> bytes:
        """The key for looking up and counting. A short code is hashed together with its phone number."""
        typed = normal_code(attempt.code)
        purpose = ("long", typed) if attempt.phone is None else ("pickup", attempt.phone, typed)
        return self.codes.hash(*purpose)

    def live(self, session: Session, code_key: bytes, now: datetime) -> AccessCode | None:
        """The code of this key; None when it does not exist, was revoked or has expired."""
        code = repo.code_by_hash(session, code_key)
        return code if code is not None and _is_live(code, now) else None

    def named(self, session: Session, attempt: Attempt, now: datetime) -> Named:
        code_key = self.code_key(attempt)
        rows = repo.nearest_code(session, code_key)
        is_ours, is_named, read_exam, read_identity = False, False, NOBODY, code_key
        if rows is not None:
            is_ours = rows[0].code_hash == code_key
            is_named = is_ours & _is_live(rows[0], now)  # `&`: both sides are always evaluated
            read_exam, read_identity = rows[1].id, rows[2].identity_hash
        code, exam, patient = rows if rows is not None and is_named else (None, None, None)
        # For a pick-up code, failures of the patient are counted by the phone number, whether or not the code exists.
        # Otherwise a full count would change the answer only for existing codes, and so tell which codes exist.
        phone = attempt.phone if attempt.phone != NO_PHONE else None
        owner = phone or (read_identity if is_named else code_key).hex()
        device_hash = self.codes.hash("device", attempt.device or "")
        known = sessions.known_device(session, device_hash, read_exam if is_named else NOBODY)
        device_key = self.codes.hash("device-exam", device_hash.hex(), read_exam.hex) if known else None
        return Named(code_key, self.codes.hash("patient", owner), code, exam, patient, device_key, is_ours, rows)

    def still_names(self, session: Session, named: Named, now: datetime) -> bool:
        """Whether the code still names the exam, in a later transaction: a revocation in between must win."""
        return named.code is not None and _is_live(repo.lock_code(session, named.code.id), now)


def _is_live(code: AccessCode, now: datetime) -> bool:
    return code.revoked_at is None and (code.expires_at is None or code.expires_at > now)

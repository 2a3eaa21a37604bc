"""What a typed code names, as far as it names anything. Whether its bearer may look is `verification`.

Every way through here runs the same statements, for codes of ours and for any other text, and reads as many rows: for a
text that names nothing those of the next code by hash, which are let go at once.
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
"""Stands for an exam or patient that is not there, so that the same statements run."""

NO_PHONE = "+86"
"""Stands for an invalid phone number. It matches nothing and counts like any other failure."""


@dataclass(frozen=True)
class Attempt:
    """What came with a POST. `phone` (+86… or NO_PHONE): only with pick-up codes; `device`: cookie of a browser let in
    before."""

    code: str
    address: str
    phone: str | None = None
    device: str | None = None


@dataclass(frozen=True)
class Named:
    """The keys that count exist whatever was typed."""

    code_key: bytes
    patient_key: bytes
    code: AccessCode | None
    exam: Exam | None
    patient: Patient | None
    device_key: bytes | None
    """Set for a browser that opened this exam before."""
    read: object = field(repr=False)
    """Of nobody's code, what was read in its place: it is let go as late as the rows of a live one, and never used."""

    @property
    def subject(self) -> str:
        """For the audit log."""
        return exam_subject(self.exam.id) if self.exam else code_subject(self.code_key)


@dataclass(frozen=True, kw_only=True)
class CodeNaming:
    """Decides which exam a code names. Every method but `code_key` works inside the caller's transaction. A code that
    names nothing is a result and not an exception.
    """

    codes: Codes

    def code_key(self, attempt: Attempt) -> bytes:
        """What is looked up and counted: a short code only together with its phone."""
        typed = normal_code(attempt.code)
        purpose = ("long", typed) if attempt.phone is None else ("pickup", attempt.phone, typed)
        return self.codes.hash(*purpose)

    def live(self, session: Session, code_key: bytes, now: datetime) -> AccessCode | None:
        """The code of this key, unless it was revoked or expired."""
        code = repo.code_by_hash(session, code_key)
        return code if code is not None and _is_live(code, now) else None

    def named(self, session: Session, attempt: Attempt, now: datetime) -> Named:
        code_key = self.code_key(attempt)
        rows = repo.nearest_code(session, code_key)
        is_named, read_exam, read_identity = False, NOBODY, code_key
        if rows is not None:
            is_named = (rows[0].code_hash == code_key) & _is_live(rows[0], now)  # both are looked at, whatever is found
            read_exam, read_identity = rows[1].id, rows[2].identity_hash
        code, exam, patient = rows if rows is not None and is_named else (None, None, None)
        # Of a pick-up code the phone stands for the patient, whether or not the code exists: else a full count would
        # answer otherwise for codes that name nobody, and tell which ones do.
        phone = attempt.phone if attempt.phone != NO_PHONE else None
        owner = phone or (read_identity if is_named else code_key).hex()
        device_hash = self.codes.hash("device", attempt.device or "")
        known = sessions.known_device(session, device_hash, read_exam if is_named else NOBODY)
        device_key = self.codes.hash("device-exam", device_hash.hex(), read_exam.hex) if known else None
        return Named(code_key, self.codes.hash("patient", owner), code, exam, patient, device_key, rows)

    def still_names(self, session: Session, named: Named, now: datetime) -> bool:
        """Whether what was named in an earlier transaction holds in this one: a revocation in between must win."""
        return named.code is not None and _is_live(repo.lock_code(session, named.code.id), now)


def _is_live(code: AccessCode, now: datetime) -> bool:
    return code.revoked_at is None and (code.expires_at is None or code.expires_at > now)

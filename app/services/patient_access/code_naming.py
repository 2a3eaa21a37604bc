"""What a typed code names, as far as it names anything. Whether its bearer may look is `verification`.

Every way through here runs the same statements, for codes of ours and for any other text, and reads as many rows: for a
text that names nothing those of the next code by hash, which are let go at once.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.models import AccessCode, Exam, Patient
from app.repos.patient_access import codes as repo
from app.repos.patient_access import sessions
from app.security.codes import Codes, normal_code

NOBODY = uuid.UUID(int=0)
"""Stands for an exam or patient that is not there, so that the same statements run."""

NO_PHONE = "+86"
"""Stands for what was typed as a phone number and is none: it names nothing, and nobody's failures."""


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

    @property
    def subject(self) -> str:
        """For the audit log."""
        return f"exam:{self.exam.id.hex}" if self.exam else "code:unknown"


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
        code, exam, patient = self._read(session, code_key, now)
        # Of a pick-up code the phone stands for the patient, whether or not the code exists: else a full count would
        # answer otherwise for codes that name nobody, and tell which ones do.
        phone = attempt.phone if attempt.phone != NO_PHONE else None
        owner = phone or (patient.identity_hash if patient else code_key).hex()
        device_hash = self.codes.hash("device", attempt.device or "")
        known = sessions.known_device(session, device_hash, exam.id if exam else NOBODY)
        device_key = self.codes.hash("device-exam", device_hash.hex(), exam.id.hex) if known and exam else None
        return Named(code_key, self.codes.hash("patient", owner), code, exam, patient, device_key)

    def _read(
        self, session: Session, code_key: bytes, now: datetime
    ) -> tuple[AccessCode, Exam, Patient] | tuple[None, None, None]:
        found = repo.nearest_code(session, code_key)
        if found is None or found[0].code_hash != code_key or not _is_live(found[0], now):
            return None, None, None
        return found

    def still_names(self, session: Session, named: Named, now: datetime) -> bool:
        """Whether what was named in an earlier transaction holds in this one: a revocation in between must win."""
        return named.code is not None and _is_live(repo.lock_code(session, named.code.id), now)


def _is_live(code: AccessCode, now: datetime) -> bool:
    return code.revoked_at is None and (code.expires_at is None or code.expires_at > now)

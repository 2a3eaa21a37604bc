"""Opening an exam: a code that names it and a second factor that proves the person. Counting is `attempts`.

Unknown, malformed, expired and revoked codes and wrong factors go through the same statements and raise the same error:
nobody learns which it was, from the answer or from its time.
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from app.clock import Clock
from app.errors import AccessRefused, StepUpRequired, TooManyAttempts
from app.extensions import Database
from app.models import Exam, KnownDevice, OneTimeCode, Patient, PatientSession, ShareCode
from app.repos import access as repo
from app.repos import exams as exam_repo
from app.security.codes import Codes, normal_code, normal_factor
from app.security.fields import FieldSealer
from app.services.attempts import Attempts
from app.services.audit import Action, Audit

ONE_TIME_LIFETIME = timedelta(minutes=10)
ONE_TIME_TRIES = 5
ONE_TIME_A_DAY = 3
SESSION_LIFETIME = timedelta(hours=12)
NOBODY = uuid.UUID(int=0)
"""Stands for an exam or patient that is not there, so that the same statements run."""


class SendOneTimeCode(Protocol):
    """Puts the message with a one-time code into the outbox, inside the caller's transaction."""

    def __call__(self, session: Session, exam: Exam, phone: str, code: OneTimeCode) -> None: ...


@dataclass(frozen=True)
class Attempt:
    """What came with a POST. `phone` (+86…): only with pick-up codes; `device`: cookie of a browser let in before."""

    code: str
    address: str
    phone: str | None = None
    device: str | None = None


@dataclass(frozen=True)
class Opened:
    session_id: uuid.UUID
    exam_id: uuid.UUID
    device: str
    """Token for the device cookie; 256 bits."""


@dataclass(frozen=True)
class _Named:
    """What a code names, as far as it names anything; the keys exist either way."""

    code_key: bytes
    patient_key: bytes
    code: ShareCode | None
    exam: Exam | None
    patient: Patient | None
    device_key: bytes | None


@dataclass(frozen=True)
class Verification:
    db: Database
    clock: Clock
    codes: Codes
    fields: FieldSealer
    attempts: Attempts
    audit: Audit
    send_one_time_code: SendOneTimeCode

    def open_by_factor(self, attempt: Attempt, factor: str) -> Opened:
        """Open with the last four of the ID number. Raises AccessRefused, TooManyAttempts, StepUpRequired."""
        now = self.clock.now()
        with self.db.session() as session:
            named = self._named(session, attempt, now)
            claim = self.attempts.claim(
                session, named.code_key, named.patient_key, attempt.address, named.device_key, now
            )
        if claim.retry_after_s:
            raise TooManyAttempts(claim.retry_after_s)
        if claim.step_up:
            raise StepUpRequired
        right = self._factor_is_right(named, factor)
        with self.db.session() as session:
            if right and named.code is not None:
                self.attempts.succeeded(session, named.code_key, named.device_key, now)
                return self._open(session, named, attempt, now, by="id_number")
            self._refuse(session, named, attempt, now)
        raise AccessRefused

    def request_one_time_code(self, attempt: Attempt) -> None:
        """Send a code to the phone on file, at most three a day. Says nothing, whatever happened.

        What was asked in vain is counted on the address.
        """
        now = self.clock.now()
        with self.db.session() as session:
            named = self._named(session, attempt, now)
            exam_id = named.exam.id if named.exam else NOBODY
            sent = repo.one_time_codes_since(session, exam_id, now - timedelta(days=1))
            phone_sealed = named.patient.phone_sealed if named.patient else None
            if named.code is None or named.exam is None or phone_sealed is None or sent >= ONE_TIME_A_DAY:
                # as much work as a message; by code, so that asking in vain uses up none of the patient's tries
                self.attempts.failed(session, named.code_key, attempt.address, now)
                subject = f"exam:{named.exam.id.hex}" if named.exam else "code:unknown"
                self.audit.record(session, Action.ONE_TIME_CODE_REFUSED, actor="patient", subject=subject)
                return
            code_id = uuid.uuid4()
            row = OneTimeCode(
                id=code_id, exam_id=named.exam.id, share_code_id=named.code.id,
                code_hash=self.codes.hash("one-time", code_id.hex, self.codes.one_time_code(code_id.bytes)),
                created_at=now, expires_at=now + ONE_TIME_LIFETIME,
            )  # fmt: skip
            repo.add(session, row)
            phone = self.fields.open(phone_sealed, "patient.phone")
            self.send_one_time_code(session, named.exam, phone, row)
            self._record(session, Action.ONE_TIME_CODE_SENT, named.exam, "patient")

    def open_by_one_time_code(self, attempt: Attempt, typed: str) -> Opened:
        """Open with the newest one-time code that was asked for with this very code, once.

        Works while the knowledge factor is paused or off. Raises AccessRefused for every reason alike.
        """
        now = self.clock.now()
        with self.db.session() as session:
            named = self._named(session, attempt, now)
            row = repo.newest_one_time_code(
                session, named.exam.id if named.exam else NOBODY, named.code.id if named.code else NOBODY
            )
            claimed = repo.claim_one_time_code(session, row.id if row else NOBODY, now, ONE_TIME_TRIES)
        code_id, expected = (row.id, row.code_hash) if row else (NOBODY, secrets.token_bytes(32))
        given = self.codes.hash("one-time", code_id.hex, normal_code(typed))
        right = hmac.compare_digest(given, expected) and claimed
        with self.db.session() as session:
            if right and row is not None and named.code is not None and repo.use_one_time_code(session, row.id, now):
                self.attempts.stepped_up(session, named.code_key, named.patient_key, named.device_key, now)
                return self._open(session, named, attempt, now, by="one_time_code")
            self._refuse(session, named, attempt, now)
        raise AccessRefused

    def _named(self, session: Session, attempt: Attempt, now: datetime) -> _Named:
        typed = normal_code(attempt.code)
        purpose = ("long", typed) if attempt.phone is None else ("pickup", attempt.phone, typed)
        code_key = self.codes.hash(*purpose)
        code = repo.code_by_hash(session, code_key)
        if code is not None and (
            code.revoked_at is not None or (code.expires_at is not None and code.expires_at <= now)
        ):
            code = None
        exam = exam_repo.exam(session, code.exam_id if code else NOBODY)
        patient = exam_repo.patient_or_none(session, exam.patient_id if exam else NOBODY)
        # by patient, or for what names nobody by the phone or code that was tried
        owner = patient.identity_hash.hex() if patient else (attempt.phone or typed)
        device_hash = self.codes.hash("device", attempt.device or "")
        known = repo.known_device(session, device_hash, exam.id if exam else NOBODY)
        device_key = self.codes.hash("device-exam", device_hash.hex(), exam.id.hex) if known and exam else None
        return _Named(code_key, self.codes.hash("patient", owner), code, exam, patient, device_key)

    def _factor_is_right(self, named: _Named, factor: str) -> bool:
        sealed = named.patient.id_number_sealed if named.patient else None
        number = self.fields.open(sealed, "patient.id_number") if sealed else None
        expected = self.codes.hash("factor", number[-4:]) if number else secrets.token_bytes(32)
        given = self.codes.hash("factor", normal_factor(factor))
        return hmac.compare_digest(given, expected) and number is not None and len(number) >= 4

    def _open(self, session: Session, named: _Named, attempt: Attempt, now: datetime, *, by: str) -> Opened:
        assert named.exam is not None
        assert named.code is not None
        device = attempt.device if named.device_key and attempt.device else secrets.token_urlsafe(32)
        row = PatientSession(
            exam_id=named.exam.id, share_code_id=named.code.id, created_at=now, last_seen_at=now,
            expires_at=now + SESSION_LIFETIME,
        )  # fmt: skip
        repo.add(session, row)
        if not named.device_key:
            device_hash = self.codes.hash("device", device)
            repo.add(
                session,
                KnownDevice(device_hash=device_hash, exam_id=named.exam.id, created_at=now, last_used_at=now),
            )
        self._record(session, Action.ACCESS_GRANTED, named.exam, f"patient-session:{row.id.hex}", by=by)
        return Opened(row.id, named.exam.id, device)

    def _refuse(self, session: Session, named: _Named, attempt: Attempt, now: datetime) -> None:
        self.attempts.failed(session, named.patient_key, attempt.address, now)
        subject = f"exam:{named.exam.id.hex}" if named.exam else "code:unknown"
        self.audit.record(session, Action.ACCESS_FAILED, actor="patient", subject=subject)

    def _record(self, session: Session, action: Action, exam: Exam, actor: str, **detail: str) -> None:
        self.audit.record(session, action, actor=actor, subject=f"exam:{exam.id.hex}", **detail)

"""Opening an exam: a code that names it and a second factor that proves the person. Counting is `attempts`.

Unknown, malformed, expired and revoked codes and wrong factors go through the same statements and raise the same error:
nobody learns which it was, from the answer or from its time.
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import AccessRefused, StepUpRequired, TooManyAttempts
from app.models import Exam, KnownDevice, OneTimeCode, PatientSession, ShareCode
from app.repos.exams import exams as exam_repo
from app.repos.patient_access import codes as repo
from app.repos.patient_access import one_time_codes
from app.security.codes import Codes, normal_code, normal_factor
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.patient_access.attempts import Attempts
from app.services.patient_access.code_naming import NOBODY, Attempt, CodeNaming, Named
from app.services.patient_access.codes import AccessCodes
from app.services.session_times import SESSION_LIFETIME

ONE_TIME_REQUEST = "one_time_code"
"""Kind of the job that answers a request; key: <hash of the code>:<id of the one-time code>:<epoch second>."""
ONE_TIME_LIFETIME = timedelta(minutes=10)
ONE_TIME_TRIES = 5
ONE_TIME_A_DAY = 3


class Enqueue(Protocol):
    """Adds a job inside the caller's transaction."""

    def __call__(self, session: Session, kind: str, key: str) -> None: ...


class SendOneTimeCode(Protocol):
    """Puts the message with a one-time code into the outbox, inside the caller's transaction."""

    def __call__(self, session: Session, exam: Exam, phone: str, code: OneTimeCode) -> None: ...


@dataclass(frozen=True)
class Opened:
    session_id: uuid.UUID
    exam_id: uuid.UUID
    device: str
    """Token for the device cookie; 256 bits."""


@dataclass(frozen=True)
class Verification:
    db: Database
    clock: Clock
    codes: Codes
    access_codes: AccessCodes
    naming: CodeNaming
    fields: FieldSealer
    attempts: Attempts
    audit: Audit
    send_one_time_code: SendOneTimeCode
    enqueue: Enqueue
    wake: Callable[[], None]

    def open_by_factor(self, attempt: Attempt, factor: str) -> Opened:
        """Open with the last four of the ID number. Raises AccessRefused, TooManyAttempts, StepUpRequired."""
        now = self.clock.now()
        with self.db.session() as session:
            named = self.naming.named(session, attempt, now)
            claim = self.attempts.claim(
                session, named.code_key, named.patient_key, attempt.address, named.device_key, now
            )
        if claim.retry_after_s:
            raise TooManyAttempts(claim.retry_after_s)
        if claim.step_up:
            raise StepUpRequired
        right = self._factor_is_right(named, factor)
        with self.db.session() as session:
            if right and self.naming.still_names(session, named, now):
                self.attempts.succeeded(session, named.code_key, named.device_key, now)
                return self._open(session, named, attempt, now, by="id_number")
            self._refuse(session, named, attempt, now)
            if self.attempts.knowledge_is_off(session, named.code_key, named.device_key):
                self._record_of(session, Action.KNOWLEDGE_FACTOR_OFF, named)
        raise AccessRefused

    def request_one_time_code(self, attempt: Attempt) -> None:
        """Ask for a code to the phone on file. The same work for every code: neither answer nor time tells anything.

        Raises TooManyAttempts when its address asked too often, for whatever codes.
        """
        now = self.clock.now()
        key = f"{self.naming.code_key(attempt).hex()}:{uuid.uuid4().hex}:{int(now.timestamp())}"
        with self.db.session() as session:
            retry_after_s = self.attempts.ask(session, attempt.address, now)
            if not retry_after_s:
                self.enqueue(session, ONE_TIME_REQUEST, key)
        if retry_after_s:
            raise TooManyAttempts(retry_after_s)
        self.wake()

    def answer_request(self, key: str) -> None:
        """Send what was asked for, at most three a day and exam. Done twice it sends once."""
        code_key, one_time_id, asked_at = key.split(":")
        now = self.clock.now()
        if now.timestamp() - int(asked_at) > ONE_TIME_LIFETIME.total_seconds():
            return  # nobody waits for it any more
        with self.db.session() as session:
            code = self.naming.live(session, bytes.fromhex(code_key), now)
            exam = exam_repo.exam(session, code.exam_id) if code else None
            patient = exam_repo.patient(session, exam.patient_id) if exam else None
            if code is None or exam is None or patient is None or patient.phone_sealed is None:
                return
            code_id = uuid.UUID(one_time_id)
            sent = one_time_codes.sent_since(session, exam.id, now - timedelta(days=1))
            if sent >= ONE_TIME_A_DAY or one_time_codes.by_id(session, code_id) is not None:
                return
            row = self._new_one_time_code(session, code, code_id, "sms", now)
            self.send_one_time_code(session, exam, self.fields.open(patient.phone_sealed, "patient.phone"), row)
            self._record(session, Action.ONE_TIME_CODE_SENT, exam, "patient")
        self.wake()  # the sweeping thread may have looked a moment ago

    def code_for_the_desk(self, session: Session, exam: Exam) -> str:
        """A one-time code that staff read out to somebody they identified. Inside the caller's transaction."""
        qr = repo.code_by_hash(session, self.codes.hash("long", self.access_codes.qr_code(session, exam)))
        assert qr is not None  # issued by the line before
        code_id = uuid.uuid4()
        self._new_one_time_code(session, qr, code_id, "desk", self.clock.now())
        return self.codes.one_time_code(code_id.bytes)

    def open_by_one_time_code(self, attempt: Attempt, typed: str) -> Opened:
        """Open with any live one-time code that was made for this very code, once: the desk's or one that was sent.

        Works while the knowledge factor is paused or off. Raises AccessRefused for every reason alike.
        """
        now = self.clock.now()
        with self.db.session() as session:
            named = self.naming.named(session, attempt, now)
            share_code_id = named.code.id if named.code else NOBODY
            claimed = one_time_codes.claim(session, share_code_id, now, ONE_TIME_TRIES)
        right = self._right_one(claimed, normal_code(typed))
        with self.db.session() as session:
            live = right is not None and self.naming.still_names(session, named, now)
            if live and right is not None and one_time_codes.use(session, right, now):
                one_time_codes.end_others(session, share_code_id, now)
                self.attempts.stepped_up(session, named.code_key, named.patient_key, named.device_key, now)
                return self._open(session, named, attempt, now, by="one_time_code")
            # Not the patient's failure: whoever photographed one QR could fill it from many addresses, without end.
            self.attempts.failed_on_address(session, attempt.address, now)
            self._record_of(session, Action.ACCESS_FAILED, named)
        raise AccessRefused

    def _right_one(self, claimed: list[tuple[uuid.UUID, bytes]], typed: str) -> uuid.UUID | None:
        """The one that was typed. All are compared, and something is where there is none."""
        right = None
        for code_id, expected in claimed or [(NOBODY, secrets.token_bytes(32))]:
            if hmac.compare_digest(self.codes.hash("one-time", code_id.hex, typed), expected):
                right = code_id
        return right

    def _new_one_time_code(
        self, session: Session, named_by: ShareCode, code_id: uuid.UUID, kind: str, now: datetime
    ) -> OneTimeCode:
        row = OneTimeCode(
            id=code_id,
            exam_id=named_by.exam_id,
            share_code_id=named_by.id,
            kind=kind,
            code_hash=self.codes.hash("one-time", code_id.hex, self.codes.one_time_code(code_id.bytes)),
            created_at=now,
            expires_at=now + ONE_TIME_LIFETIME,
        )
        repo.add(session, row)
        return row

    def _factor_is_right(self, named: Named, factor: str) -> bool:
        sealed = named.patient.id_number_sealed if named.patient else None
        number = normal_factor(self.fields.open(sealed, "patient.id_number")) if sealed else ""
        expected = self.codes.hash("factor", number[-4:]) if len(number) >= 4 else secrets.token_bytes(32)
        return hmac.compare_digest(self.codes.hash("factor", normal_factor(factor)), expected)

    def _open(self, session: Session, named: Named, attempt: Attempt, now: datetime, *, by: str) -> Opened:
        assert named.exam is not None
        assert named.code is not None
        device = self._device(session, attempt)
        row = PatientSession(
            exam_id=named.exam.id,
            share_code_id=named.code.id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + SESSION_LIFETIME,
        )
        repo.add(session, row)
        device_hash = self.codes.hash("device", device)
        if (known := repo.known_device(session, device_hash, named.exam.id)) is not None:
            known.last_used_at = now
        else:
            known = KnownDevice(device_hash=device_hash, exam_id=named.exam.id, created_at=now, last_used_at=now)
            repo.add(session, known)
        self._record(session, Action.ACCESS_GRANTED, named.exam, f"patient-session:{row.id.hex}", by=by)
        return Opened(row.id, named.exam.id, device)

    def _device(self, session: Session, attempt: Attempt) -> str:
        """The browser's own token, if we gave it one for any exam: another would make it a stranger to that exam."""
        if attempt.device and repo.is_known_device(session, self.codes.hash("device", attempt.device)):
            return attempt.device
        return secrets.token_urlsafe(32)

    def _refuse(self, session: Session, named: Named, attempt: Attempt, now: datetime) -> None:
        self.attempts.failed(session, named.patient_key, attempt.address, now)
        self._record_of(session, Action.ACCESS_FAILED, named)

    def _record_of(self, session: Session, action: Action, named: Named) -> None:
        self.audit.record(session, action, actor="patient", subject=named.subject)

    def _record(self, session: Session, action: Action, exam: Exam, actor: str, **detail: str) -> None:
        self.audit.record(session, action, actor=actor, subject=f"exam:{exam.id.hex}", **detail)

"""One-time codes: a patient asks for one or the desk gives one, and a typed one opens an exam.

The message with the code is in services/notifications; the session is in `opening`.
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
from app.errors import AccessRefused, TooManyAttempts
from app.models import AccessCode, Exam, OneTimeCode, Patient
from app.models.states import JobKind, OneTimeCodeKind
from app.repos.exams import exams as exam_repo
from app.repos.exams import patients
from app.repos.patient_access import codes as code_repo
from app.repos.patient_access import one_time_codes as repo
from app.security.codes import Codes, normal_code
from app.services.audit.counted_refusals import CountedRefusals
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import exam_subject
from app.services.patient_access.attempts import Attempts
from app.services.patient_access.code_naming import NOBODY, Attempt, CodeNaming, Named
from app.services.patient_access.codes import AccessCodes
from app.services.patient_access.opening import Factor, Opened, Opening
from app.services.patient_access.rung_phones import may_ring

ONE_TIME_REQUEST = JobKind.ONE_TIME_CODE
LIFETIME = timedelta(minutes=10)
TRIES = 5
A_DAY = 3


class Enqueue(Protocol):
    """Adds a job inside the caller's transaction."""

    def __call__(self, session: Session, kind: str, key: str) -> None: ...


class SendOneTimeCode(Protocol):
    """Puts the message with a one-time code into the outbox, inside the caller's transaction."""

    def __call__(self, session: Session, exam: Exam, code_id: uuid.UUID) -> None: ...


@dataclass(frozen=True, kw_only=True)
class OneTimeCodes:
    """Decides who gets a one-time code and what it opens, also while the knowledge factor is paused or off. Raises
    AccessRefused, TooManyAttempts."""

    db: Database
    clock: Clock
    codes: Codes
    access_codes: AccessCodes
    naming: CodeNaming
    attempts: Attempts
    audit: Audit
    refusals: CountedRefusals
    opening: Opening
    send_one_time_code: SendOneTimeCode
    enqueue: Enqueue
    wake: Callable[[], None]

    def request(self, attempt: Attempt) -> None:
        """Ask for a code to the phone on file. Every typed code causes the same work, so the answer and its time tell
        nothing.

        Raises TooManyAttempts when the address asked too often, for any codes.
        """
        code_key, one_time_id = self.naming.code_key(attempt).hex(), uuid.uuid4().hex
        with self.db.session() as session:
            now = self.clock.now()
            retry_after_s = self.attempts.ask(session, attempt.address, now)
            if not retry_after_s:
                self.enqueue(session, ONE_TIME_REQUEST, f"{code_key}:{one_time_id}:{int(now.timestamp())}")
        if retry_after_s:
            raise TooManyAttempts(retry_after_s)
        self.wake()

    def answer(self, key: str) -> None:
        """Send the requested code, at most three a day for one exam. When it runs twice it sends once."""
        code_key, one_time_id, asked_at = key.split(":")
        with self.db.session() as session:
            now = self.clock.now()
            if now.timestamp() - int(asked_at) > LIFETIME.total_seconds():
                return  # the patient does not wait any more
            code = self.naming.live(session, bytes.fromhex(code_key), now)
            exam = exam_repo.exam(session, code.exam_id) if code else None
            patient = patients.patient(session, exam.patient_id) if exam else None
            if code is None or exam is None or patient is None or patient.phone_sealed is None:
                return
            code_id = uuid.UUID(one_time_id)
            sent = repo.sent_since(session, exam.id, now - timedelta(days=1))
            if sent >= A_DAY or repo.by_id(session, code_id) is not None:
                return
            if not self._may_ring(session, patient, exam, now):
                return
            self._new(session, code, code_id, OneTimeCodeKind.SMS, now)
            self.send_one_time_code(session, exam, code_id)
            self.audit.record(session, Action.ONE_TIME_CODE_SENT, actor="patient", subject=exam_subject(exam.id))
        self.wake()  # the sending thread may have looked a moment ago

    def for_the_desk(self, session: Session, exam: Exam) -> str:
        """A one-time code that staff read out to a person whom they identified. Inside the caller's transaction.

        Its tries are not limited, because a person with a photo of the QR could use them up. Instead the code is too
        long to guess.
        """
        qr = code_repo.code_by_hash(session, self.codes.hash("long", self.access_codes.qr_code(session, exam)))
        assert qr is not None  # the line before issued it
        code_id = uuid.uuid4()
        self._new(session, qr, code_id, OneTimeCodeKind.DESK, self.clock.now())
        return self.codes.desk_code(code_id.bytes)

    def open_by_one_time_code(self, attempt: Attempt, typed: str) -> Opened:
        """Open an exam with a live one-time code that was made for the code in `attempt`: sent, or given at the desk.
        It works once, also while the knowledge factor is paused or off. Raises AccessRefused, the same for every
        reason."""
        with self.db.session() as session:
            now = self.clock.now()
            named = self.naming.named(session, attempt, now)
            access_code_id = named.code.id if named.code else NOBODY
            claimed = repo.claim(session, access_code_id, now, TRIES)
        right = typed_one(self.codes, [(code_id, expected) for code_id, expected, _ in claimed], typed)
        with self.db.session() as session:
            now = self.clock.now()
            live = right is not None and self.naming.still_names(session, named, now)
            if live and right is not None and repo.use(session, right, now):
                repo.end_others(session, access_code_id, now)
                self.attempts.stepped_up(session, named.code_key, named.patient_key, named.device_key, now)
                return self.opening.open_session(session, named, attempt, now, by=Factor.ONE_TIME_CODE)
            # It is not counted for the patient: a person with a photo of the QR could fill this count from many
            # addresses.
            self.attempts.failed_on_address(session, attempt.address, now)
            self._refused(session, named, attempt.address, is_limited=any(tried <= TRIES for _, _, tried in claimed))
        raise AccessRefused

    def _may_ring(self, session: Session, patient: Patient, exam: Exam, now: datetime) -> bool:
        phone_hash = patient.phone_hash
        assert phone_hash is not None  # it is written with the sealed number
        return may_ring(session, self.codes, self.refusals, phone_hash, exam_subject(exam.id), now)

    def _refused(self, session: Session, named: Named, address: str, *, is_limited: bool) -> None:
        """Anybody may type for ever, so a code has few rows. Each try at digits that were sent has one, as those tries
        are few (`is_limited`). Live and dead codes get the same work."""
        self.refusals.record_at_code_in(
            session,
            Action.ACCESS_FAILED,
            actor="patient",
            subject=named.subject,
            address=address,
            code_key=named.code_key,
            is_ours=named.is_ours,
            is_limited=is_limited,
        )

    def _new(
        self, session: Session, named_by: AccessCode, code_id: uuid.UUID, kind: OneTimeCodeKind, now: datetime
    ) -> OneTimeCode:
        is_desks = kind == OneTimeCodeKind.DESK
        code = self.codes.desk_code(code_id.bytes) if is_desks else self.codes.one_time_code(code_id.bytes)
        row = OneTimeCode(
            id=code_id,
            exam_id=named_by.exam_id,
            access_code_id=named_by.id,
            kind=kind,
            code_hash=self.codes.hash("one-time", code_id.hex, code),
            created_at=now,
            expires_at=now + LIFETIME,
        )
        code_repo.add(session, row)
        return row


def typed_one(codes: Codes, claimed: list[tuple[uuid.UUID, bytes]], typed: str) -> uuid.UUID | None:
    """Which of the codes (id, hash) was typed, or None. All are compared; if there are none, a random value is."""
    right, text = None, normal_code(typed)
    for code_id, expected in claimed or [(NOBODY, secrets.token_bytes(32))]:
        if hmac.compare_digest(codes.hash("one-time", code_id.hex, text), expected):
            right = code_id
    return right

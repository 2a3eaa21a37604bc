"""The phone door: whoever holds the phone on file, and knows the last four of the ID number, opens the exams of that
person. No code of an exam is needed.

What is done for a number hangs on what was typed and not on whether it is a patient's: the same statements, counts and
rows. Who is registered with a number is looked up by the worker, and for one who typed the right digits.
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import AccessRefused, TooManyAttempts
from app.identity.numbers import number_of_today
from app.models import Patient, PatientSession, PhoneCode
from app.models.states import AttemptScope, JobKind
from app.repos.patient_access import attempts as attempt_repo
from app.repos.phone_door import digits as repo
from app.security.blind_index import BlindIndex
from app.security.codes import Codes, normal_factor
from app.security.fields import FieldSealer
from app.services.audit.counted_refusals import CountedRefusals
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import exam_subject, phone_subject
from app.services.patient_access.attempts import FOR_LIFE, IN_A_ROW, PAUSE, Attempts
from app.services.patient_access.one_time_codes import LIFETIME, TRIES, Enqueue, SendOneTimeCode, typed_one
from app.services.patient_access.opening import Factor
from app.services.patient_access.rung_phones import may_ring
from app.services.phone_door.asking import seconds_to_wait
from app.services.session_times import SESSION_LIFETIME

PHONE_REQUEST = JobKind.PHONE_CODE
LIMITS = {1: timedelta(minutes=1), 5: timedelta(hours=1), 10: timedelta(days=1)}
"""How often digits are sent to one number, whoever asks. Carriers draw the same lines."""
MOST_PEOPLE = 20
"""With one number. A number of more people is what a registration desk types for those who gave none."""
MOST_ROWS = 500


@dataclass(frozen=True, kw_only=True)
class PhoneDoor:
    """Decides who gets six digits for a phone number and whose exams they open. Raises AccessRefused,
    TooManyAttempts.
    """

    db: Database
    clock: Clock
    codes: Codes
    blind: BlindIndex
    fields: FieldSealer
    attempts: Attempts
    audit: Audit
    refusals: CountedRefusals
    send_one_time_code: SendOneTimeCode
    enqueue: Enqueue
    wake: Callable[[], None]

    def request(self, phone: str, browser: str, address: str) -> None:
        """Ask for digits to a phone number (+86…), good in this browser.

        Raises TooManyAttempts when the number or the address asked too often: for numbers of nobody as well.
        """
        phone_hash, code_id = self._phone_hash(phone), uuid.uuid4()
        with self.db.session() as session:
            now = self.clock.now()
            retry_after_s = seconds_to_wait(session, self.attempts, phone_hash, address, now, LIMITS)
            if not retry_after_s:
                self._new(session, code_id, phone_hash, self._browser_hash(browser), now)
                self.enqueue(session, PHONE_REQUEST, code_id.hex)
            else:
                self._not_sent(session, phone_hash, address)
        if retry_after_s:
            raise TooManyAttempts(retry_after_s)
        self.wake()

    def answer(self, key: str) -> None:
        """Send the digits, if a patient has that number. Done twice it sends once."""
        with self.db.session() as session:
            now = self.clock.now()
            code = repo.by_id(session, uuid.UUID(hex=key))
            if code is None or code.expires_at <= now:
                return  # nobody waits for it any more
            exam = repo.newest_exam(session, code.phone_hash)
            if exam is None or not repo.mark_queued(session, code.id, now):
                return
            if not may_ring(session, self.codes, self.refusals, code.phone_hash, exam_subject(exam.id), now):
                return
            self.send_one_time_code(session, exam, code.id)
            self.audit.record(session, Action.ONE_TIME_CODE_SENT, actor="patient", subject=exam_subject(exam.id))
        self.wake()  # the sweeping thread may have looked a moment ago

    def open_by_phone(self, phone: str, browser: str, address: str, typed: str, factor: str) -> uuid.UUID:
        """A new session of the one person with this number whose ID number ends in `factor`; its id.

        `typed`: the digits that were sent to this number for this browser. Raises AccessRefused for every reason alike.
        """
        phone_hash, browser_hash = self._phone_hash(phone), self._browser_hash(browser)
        with self.db.session() as session:
            claimed = repo.claim_try(session, phone_hash, browser_hash, self.clock.now(), TRIES)
        right = typed_one(self.codes, claimed, typed)
        person = self._person(phone_hash, factor) if right else None
        with self.db.session() as session:
            now = self.clock.now()
            if right and person and repo.use(session, right, now):
                repo.end_others(session, phone_hash, browser_hash, now)
                attempt_repo.forgive_attempt(session, AttemptScope.PHONE, phone_hash, now)
                return self._begin(session, phone_hash, person, now)
            self.attempts.failed_on_address(session, address, now)
            self._refused(session, phone_hash, address, was_compared=bool(claimed))
        raise AccessRefused

    def _not_sent(self, session: Session, phone_hash: bytes, address: str) -> None:
        """Whoever asked too often may ask for ever, so few of these have a row."""
        action, subject = Action.ONE_TIME_CODE_REFUSED, phone_subject(phone_hash)
        self.refusals.record_in(session, action, actor="patient", subject=subject, address=address)

    def _refused(self, session: Session, phone_hash: bytes, address: str, *, was_compared: bool) -> None:
        """Tries at digits that were sent are few, and each has its row. Who asked for none may try for ever."""
        subject = phone_subject(phone_hash)
        if was_compared:
            self.audit.record(session, Action.ACCESS_FAILED, actor="patient", subject=subject)
        else:
            self.refusals.record_in(session, Action.ACCESS_FAILED, actor="patient", subject=subject, address=address)

    def _person(self, phone_hash: bytes, factor: str) -> bytes | None:
        """The hash of the one ID number with these last four among those with this number; None when there is none, or
        more than one: then nobody knows whose exams they are. Whoever holds a phone has ten guesses."""
        with self.db.session() as session:
            now = self.clock.now()
            scope = AttemptScope.PHONE
            attempt_repo.ensure_attempts(session, scope, phone_hash, now)
            if not attempt_repo.count_attempt(
                session, scope, phone_hash, now, pause=PAUSE, in_a_row=IN_A_ROW, for_life=FOR_LIFE
            ):
                attempt_repo.shorten_pause(session, scope, phone_hash, now, PAUSE)
                return None
        with self.db.read() as session:
            people = repo.people(session, phone_hash, MOST_ROWS)
        if len({patient.id_number_hash for patient in people}) > MOST_PEOPLE:
            return None
        given = self.codes.hash("factor", normal_factor(factor))
        found = {patient.id_number_hash for patient in people if self._ends_in(patient, given)}
        return found.pop() if len(found) == 1 else None

    def _ends_in(self, patient: Patient, given: bytes) -> bool:
        number = number_of_today(normal_factor(self.fields.open_of(patient, "id_number_sealed")))
        return len(number) >= 4 and hmac.compare_digest(given, self.codes.hash("factor", number[-4:]))

    def _begin(self, session: Session, phone_hash: bytes, id_number_hash: bytes, now: datetime) -> uuid.UUID:
        row = PatientSession(
            phone_hash=phone_hash,
            id_number_hash=id_number_hash,
            created_at=now,
            last_seen_at=now,
            expires_at=now + SESSION_LIFETIME,
        )
        repo.add(session, row)
        actor, subject = f"patient-session:{row.id.hex}", phone_subject(phone_hash)
        self.audit.record(session, Action.ACCESS_GRANTED, actor=actor, subject=subject, by=Factor.PHONE)
        return row.id

    def _new(self, session: Session, code_id: uuid.UUID, phone_hash: bytes, browser_hash: bytes, now: datetime) -> None:
        digits = self.codes.one_time_code(code_id.bytes)
        row = PhoneCode(
            id=code_id,
            phone_hash=phone_hash,
            browser_hash=browser_hash,
            code_hash=self.codes.hash("one-time", code_id.hex, digits),
            created_at=now,
            expires_at=now + LIFETIME,
        )
        repo.add(session, row)

    def _phone_hash(self, phone: str) -> bytes:
        """As patients' rows have it."""
        return self.blind.of("patient.phone", phone)

    def _browser_hash(self, browser: str) -> bytes:
        return self.codes.hash("door", browser)

"""Binds a WeChat user to a person: name, ID number, and digits to the phone on file or from the desk.

What is done for a name and a number hangs on what was typed and not on whether it is a patient's: the same statements,
counts and rows. Who it is, and whose phone, is looked up by the worker, and for one who typed the right digits.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import AccessRefused, TooManyAttempts
from app.identity.names import normal_name
from app.identity.numbers import document_number
from app.models import BindingCode, Exam, WechatAccount
from app.models.states import JobKind, OneTimeCodeKind
from app.repos.binding import codes as repo
from app.repos.binding.codes import Person
from app.repos.exams import patients
from app.repos.phone_door import digits as requests
from app.repos.wechat import accounts as account_repo
from app.security.blind_index import BlindIndex
from app.security.codes import Codes
from app.services.audit.counted_refusals import CountedRefusals
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import exam_subject, wechat_subject
from app.services.binding.entering import Entered, Entering
from app.services.patient_access.attempts import Attempts
from app.services.patient_access.one_time_codes import LIFETIME, TRIES, Enqueue, SendOneTimeCode, typed_one
from app.services.patient_access.rung_phones import may_ring
from app.services.phone_door.asking import seconds_to_wait
from app.services.phone_door.door import LIMITS
from app.services.wechat.accounts import WechatAccounts
from app.services.wechat.login import Login

BINDING_REQUEST = JobKind.BINDING_CODE
NOBODY = Person(name_hash=b"", id_number_hash=b"")
"""What names no person: a number that cannot be one."""


@dataclass(frozen=True)
class Claim:
    """Who somebody says to be, as typed. Both empty: whoever the openid is bound to."""

    name: str = field(repr=False)
    id_number: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Binding:
    """Decides who a WeChat user is. Raises AccessRefused, TooManyAttempts."""

    db: Database
    clock: Clock
    codes: Codes
    blind: BlindIndex
    attempts: Attempts
    audit: Audit
    refusals: CountedRefusals
    accounts: WechatAccounts
    entering: Entering
    send_one_time_code: SendOneTimeCode
    enqueue: Enqueue
    wake: Callable[[], None]

    def request(self, login: Login, claim: Claim, address: str) -> None:
        """Ask for digits to the phone on file. Raises TooManyAttempts when this WeChat user or this address asked too
        often, for whomever."""
        asker, code_id = self.codes.hash("binding-request", login.openid_hash.hex()), uuid.uuid4()
        with self.db.session() as session:
            now = self.clock.now()
            retry_after_s = seconds_to_wait(session, self.attempts, asker, address, now, LIMITS)
            if not retry_after_s:
                self._new(session, code_id, self._person(session, login, claim), now, login.openid_hash)
                self.enqueue(session, BINDING_REQUEST, code_id.hex)
            else:
                action, subject = Action.ONE_TIME_CODE_REFUSED, wechat_subject(login.openid_hash)
                self.refusals.record_in(session, action, actor="patient", subject=subject, address=address)
        if retry_after_s:
            raise TooManyAttempts(retry_after_s)
        self.wake()

    def answer(self, key: str) -> None:
        """Send the digits, if the person is a patient with a phone that may be rung. Done twice it sends once."""
        with self.db.session() as session:
            now = self.clock.now()
            code = repo.by_id(session, uuid.UUID(hex=key))
            if code is None or code.expires_at <= now:
                return  # nobody waits for it any more
            found = repo.newest_exam_with_phone(session, _person_of(code))
            if found is None or code.queued_at is not None:
                return
            exam, patient = found
            assert patient.phone_hash is not None  # the query asks for it
            requests.ensure_requests(session, patient.phone_hash)  # one count with the phone door
            if not requests.claim_request(session, patient.phone_hash, now, LIMITS):
                return
            repo.mark_queued(session, code.id, now)
            if not may_ring(session, self.codes, self.refusals, patient.phone_hash, exam_subject(exam.id), now):
                return
            self.send_one_time_code(session, exam, code.id)
            self.audit.record(session, Action.ONE_TIME_CODE_SENT, actor="patient", subject=exam_subject(exam.id))
        self.wake()  # the sweeping thread may have looked a moment ago

    def bind(self, login: Login, claim: Claim, typed: str, device: str | None, address: str) -> Entered:
        """Bind the openid to the person whom the digits were made for, and open that person's exams in this browser.

        Whom it was bound to before, it is not any more; children without ID number stay. Raises AccessRefused, the same
        for every reason.
        """
        with self.db.session() as session:
            person = self._person(session, login, claim)
            claimed = repo.claim_try(session, login.openid_hash, person, self.clock.now(), TRIES)
        right = typed_one(self.codes, claimed, typed)
        with self.db.session() as session:
            now = self.clock.now()
            used = repo.use(session, right, now) if right else None
            before = {each.id for each in account_repo.of_openid(session, login.openid_hash)}
            account = self._account(session, login, used) if used else None
            if account is not None:
                repo.end_others(session, login.openid_hash, now)
                is_new = account.id not in before
                return self.entering.enter_proved(session, login, account, device, now, is_new=is_new)
            self.attempts.failed_on_address(session, address, now)
            subject = wechat_subject(login.openid_hash)
            if claimed:
                self.audit.record(session, Action.ACCESS_FAILED, actor="patient", subject=subject)
            else:  # nothing was compared, so nothing limits such tries
                action = Action.ACCESS_FAILED
                self.refusals.record_in(session, action, actor="patient", subject=subject, address=address)
        raise AccessRefused

    def for_the_desk(self, session: Session, exam: Exam) -> str:
        """Digits that staff read out to a person whom they identified, inside the caller's transaction. With them and
        the name the person is bound, whatever phone is on file; a child without ID number by its guardian."""
        patient, code_id = patients.patient(session, exam.patient_id), uuid.uuid4()
        person = Person(patient.name_hash, patient.id_number_hash, patient.id)
        self._new(session, code_id, person, self.clock.now(), None)
        return self.codes.desk_code(code_id.bytes)

    def _account(self, session: Session, login: Login, used: BindingCode) -> WechatAccount | None:
        """The live binding of the person whom the used digits were for; None when there is no such patient."""
        person = _person_of(used)
        patient = repo.patient_of(session, person)
        if patient is None:
            return None
        self.entering.end_outgrown(session, login)
        for each in account_repo.of_openid(session, login.openid_hash):
            if _is_same(each, person):
                return each
            if person.id_number_hash is not None and each.id_number_hash is not None:
                self.entering.end(session, each, "patient")  # the WeChat user is another person now
        self.accounts.bind(session, patient.id, login.openid, "patient")
        return next(each for each in account_repo.of_openid(session, login.openid_hash) if _is_same(each, person))

    def _person(self, session: Session, login: Login, claim: Claim) -> Person:
        if not claim.name and not claim.id_number:
            bound = self.accounts.of_openid(session, login.openid_hash)
            if not bound:
                return NOBODY
            return Person(bound[0].name_hash, bound[0].id_number_hash, bound[0].patient_id)
        name_hash = self.blind.of("patient.name", normal_name(claim.name[:64]))
        if not claim.id_number.strip():
            return Person(name_hash, None)
        try:
            number = document_number(claim.id_number[:32])
        except ValueError:
            return NOBODY
        return Person(name_hash, self.blind.of("patient.id_number", number))

    def _new(
        self, session: Session, code_id: uuid.UUID, person: Person, now: datetime, openid_hash: bytes | None
    ) -> None:
        is_desks = openid_hash is None
        digits = self.codes.desk_code(code_id.bytes) if is_desks else self.codes.one_time_code(code_id.bytes)
        row = BindingCode(
            id=code_id,
            kind=OneTimeCodeKind.DESK if is_desks else OneTimeCodeKind.SMS,
            openid_hash=openid_hash,
            name_hash=person.name_hash,
            id_number_hash=person.id_number_hash,
            patient_id=person.patient_id,
            code_hash=self.codes.hash("one-time", code_id.hex, digits),
            created_at=now,
            expires_at=now + LIFETIME,
        )
        repo.add(session, row)


def _person_of(code: BindingCode) -> Person:
    return Person(code.name_hash, code.id_number_hash, code.patient_id)


def _is_same(account: WechatAccount, person: Person) -> bool:
    if person.id_number_hash is None:
        return account.id_number_hash is None and account.patient_id == person.patient_id
    return (account.name_hash, account.id_number_hash) == (person.name_hash, person.id_number_hash)

"""Counts tries in rows, before anything is compared: pauses, limits for life, addresses. No HTTP here.

A stranger cannot guess: 5 failures in a row cause a pause, 10 for life turn the knowledge factor off for this code. A
stranger cannot lock the owner out: a device that was let in has its own count, and the step up (a one-time code) stays
open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.models.states import AttemptScope
from app.repos.patient_access import attempts as repo
from app.security.addresses import Group, address_of, network_of
from app.security.codes import Codes

PAUSE = timedelta(minutes=15)
IN_A_ROW = 5
FOR_LIFE = 10
ADDRESS_WINDOW = timedelta(hours=1)
REQUESTS_A_FAILURE = 4
"""An address may ask for one-time codes this many times as often as it may fail: many people share a mobile carrier's
address."""
PATIENT_WINDOW = timedelta(days=1)
PATIENT_FAILURES = 20


Counted = tuple[tuple[AttemptScope, bytes, datetime], ...]
"""Scope, key and start of each window in which a try was counted."""


@dataclass(frozen=True)
class Claim:
    """Whether one try may be compared now. `retry_after_s`: a pause, in seconds. `step_up`: the knowledge factor is
    refused, a one-time code is needed.

    `counted`: the windows in which a stranger's try was counted. A success takes the try off again.
    """

    retry_after_s: int = 0
    step_up: bool = False
    counted: Counted = ()


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """Decides whether one more try may be compared. Every method works inside the caller's transaction. A refusal is a
    result and raises nothing. The caller reads `now` inside that transaction, because a request may wait before it."""

    codes: Codes
    address_limit: int
    shared: Group

    def claim(
        self,
        session: Session,
        code_key: bytes,
        patient_key: bytes,
        address: str,
        device_key: bytes | None,
        now: datetime,
    ) -> Claim:
        """Count a try of the knowledge factor for its address, its patient and its code. The caller commits before it
        compares. When one of the counts is full, the try is counted nowhere.

        `device_key`: set for a device that opened this exam before. Then the try is counted only for this device.
        """
        counted = () if device_key else self._claim_elsewhere(session, patient_key, address, now)
        if counted is None:
            return Claim(step_up=True)
        scope, key = _own(code_key, device_key)
        repo.ensure_attempts(session, scope, key, now)
        if repo.count_attempt(session, scope, key, now, pause=PAUSE, in_a_row=IN_A_ROW, for_life=FOR_LIFE):
            return Claim(counted=counted)
        _give_back(session, counted)
        return self._refusal(session, scope, key, now)

    def succeeded(
        self, session: Session, code_key: bytes, device_key: bytes | None, claim: Claim, now: datetime
    ) -> None:
        repo.forgive_attempt(session, *_own(code_key, device_key), now)
        _give_back(session, claim.counted)

    def failed(self, session: Session, patient_key: bytes, address: str, claim: Claim, now: datetime) -> None:
        """Count a failure of a known device for the patient and the address too. Other tries were counted before."""
        if not claim.counted:
            repo.ensure_attempts(session, AttemptScope.PATIENT, patient_key, now)
            repo.count_in_window(session, AttemptScope.PATIENT, patient_key, now, PATIENT_WINDOW)
            self.failed_on_address(session, address, now)

    def failed_on_address(self, session: Session, address: str, now: datetime) -> None:
        key = self._address_key(address)
        if key is not None:
            repo.ensure_attempts(session, AttemptScope.ADDRESS, key, now)
            repo.count_in_window(session, AttemptScope.ADDRESS, key, now, ADDRESS_WINDOW)

    def ask(self, session: Session, address: str, now: datetime) -> int:
        """Count that a one-time code was asked for; else the seconds until this address may ask again."""
        return self._ask(session, AttemptScope.REQUEST, address, now, REQUESTS_A_FAILURE * self.address_limit)

    def ask_at_phone_door(self, session: Session, address: str, now: datetime) -> int:
        """As `ask`. There no code is needed to make a phone ring: so one address rings fewer."""
        return self._ask(session, AttemptScope.DOOR, address, now, self.address_limit)

    def _ask(self, session: Session, scope: AttemptScope, address: str, now: datetime, most: int) -> int:
        key = self._address_key(address)
        if key is None:
            return 0
        repo.ensure_attempts(session, scope, key, now)
        if repo.count_in_window(session, scope, key, now, ADDRESS_WINDOW, most) is not None:
            return 0
        row = repo.attempts(session, scope, key)
        begun = row.window_started_at if row is not None and row.window_started_at is not None else now
        return max(1, int((min(begun, now) + ADDRESS_WINDOW - now).total_seconds()))

    def knowledge_is_off(self, session: Session, code_key: bytes, device_key: bytes | None) -> bool:
        row = repo.attempts(session, *_own(code_key, device_key))
        return row is not None and row.knowledge_off_at is not None

    def stepped_up(
        self, session: Session, code_key: bytes, patient_key: bytes, device_key: bytes | None, now: datetime
    ) -> None:
        """Forget the failures of strangers and of this device: a one-time code or the desk proved the owner."""
        repo.reset_attempts(session, AttemptScope.CODE, code_key, now)
        repo.reset_attempts(session, AttemptScope.PATIENT, patient_key, now)
        if device_key:
            repo.reset_attempts(session, AttemptScope.DEVICE, device_key, now)

    def _claim_elsewhere(self, session: Session, patient_key: bytes, address: str, now: datetime) -> Counted | None:
        """Count a stranger's try for the address and for the patient. When one count is full, count nothing and return
        None."""
        address_key = self._address_key(address)
        counted: Counted = ()
        wanted = [(AttemptScope.PATIENT, patient_key, PATIENT_WINDOW, PATIENT_FAILURES)]
        if address_key is not None:
            wanted.insert(0, (AttemptScope.ADDRESS, address_key, ADDRESS_WINDOW, self.address_limit))
        for scope, key, window, most in wanted:
            repo.ensure_attempts(session, scope, key, now)
            began = repo.count_in_window(session, scope, key, now, window, most)
            if began is None:
                _give_back(session, counted)
                return None
            counted = (*counted, (scope, key, began))
        return counted

    def _refusal(self, session: Session, scope: AttemptScope, key: bytes, now: datetime) -> Claim:
        repo.shorten_pause(session, scope, key, now, PAUSE)
        row = repo.attempts(session, scope, key)
        if row is None or row.knowledge_off_at is not None or row.paused_until is None:
            return Claim(step_up=True)
        return Claim(retry_after_s=max(1, int((row.paused_until - now).total_seconds())))

    def _address_key(self, address: str) -> bytes | None:
        """The key of the address, /64 for IPv6; None for networks that many patients share. All unknown addresses share
        a key."""
        if self.shared.holds(address):
            return None
        try:
            counted = str(network_of(address_of(address)))
        except ValueError:
            counted = "unknown"
        return self.codes.hash("address", counted)


def _give_back(session: Session, counted: Counted) -> None:
    for scope, key, began in counted:
        repo.uncount_in_window(session, scope, key, began)


def _own(code_key: bytes, device_key: bytes | None) -> tuple[AttemptScope, bytes]:
    """Scope and key of the count that can pause: of the known device, or of the code."""
    return (AttemptScope.DEVICE, device_key) if device_key else (AttemptScope.CODE, code_key)

"""Counting failed tries, as rows, before anything is compared: pauses, lifetime caps, addresses. Pure of HTTP.

A stranger can neither guess (5 in a row pause, 10 for life turn the knowledge factor off for that code) nor lock the
owner out (a device that was let in has its own count; the step up stays open).
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
"""One-time codes may be asked for so many times as often as failed with: behind a carrier's address are many people."""
PATIENT_WINDOW = timedelta(days=1)
PATIENT_FAILURES = 20


@dataclass(frozen=True)
class Claim:
    """Whether one try may be compared now. `retry_after_s`: paused; `step_up`: the knowledge factor does not count."""

    retry_after_s: int = 0
    step_up: bool = False


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """Decides whether one more try may be compared. Every method works inside the caller's transaction; a refusal is a
    result and not an exception.
    """

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
        """Count a try of the knowledge factor. The caller commits before it compares.

        `device_key` is set for a device that opened this exam before; it alone is counted then.
        """
        if not device_key and self._too_many_elsewhere(session, patient_key, address, now):
            return Claim(step_up=True)
        scope, key = _own(code_key, device_key)
        repo.ensure_attempts(session, scope, key, now)
        if repo.count_attempt(session, scope, key, now, pause=PAUSE, in_a_row=IN_A_ROW, for_life=FOR_LIFE):
            return Claim()
        return self._refusal(session, scope, key, now)

    def succeeded(self, session: Session, code_key: bytes, device_key: bytes | None, now: datetime) -> None:
        repo.forgive_attempt(session, *_own(code_key, device_key), now)

    def failed(self, session: Session, patient_key: bytes, address: str, now: datetime) -> None:
        """Count a failure on the patient and on the address it came from; the code was counted before."""
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
        key = self._address_key(address)
        if key is None:
            return 0
        if (
            repo.window_count(session, AttemptScope.REQUEST, key, now, ADDRESS_WINDOW)
            >= REQUESTS_A_FAILURE * self.address_limit
        ):
            row = repo.attempts(session, AttemptScope.REQUEST, key)
            begun = row.window_started_at if row is not None and row.window_started_at is not None else now
            return max(1, int((begun + ADDRESS_WINDOW - now).total_seconds()))
        repo.ensure_attempts(session, AttemptScope.REQUEST, key, now)
        repo.count_in_window(session, AttemptScope.REQUEST, key, now, ADDRESS_WINDOW)
        return 0

    def knowledge_is_off(self, session: Session, code_key: bytes, device_key: bytes | None) -> bool:
        row = repo.attempts(session, *_own(code_key, device_key))
        return row is not None and row.knowledge_off_at is not None

    def stepped_up(
        self, session: Session, code_key: bytes, patient_key: bytes, device_key: bytes | None, now: datetime
    ) -> None:
        """A one-time code or the desk proved the owner: failures of strangers, and of this device, are forgotten."""
        repo.reset_attempts(session, AttemptScope.CODE, code_key, now)
        repo.reset_attempts(session, AttemptScope.PATIENT, patient_key, now)
        if device_key:
            repo.reset_attempts(session, AttemptScope.DEVICE, device_key, now)

    def _too_many_elsewhere(self, session: Session, patient_key: bytes, address: str, now: datetime) -> bool:
        key = self._address_key(address)
        on_address = repo.window_count(session, AttemptScope.ADDRESS, key, now, ADDRESS_WINDOW) if key else 0
        on_patient = repo.window_count(session, AttemptScope.PATIENT, patient_key, now, PATIENT_WINDOW)
        return on_address >= self.address_limit or on_patient >= PATIENT_FAILURES

    def _refusal(self, session: Session, scope: AttemptScope, key: bytes, now: datetime) -> Claim:
        repo.shorten_pause(session, scope, key, now, PAUSE)
        row = repo.attempts(session, scope, key)
        if row is None or row.knowledge_off_at is not None or row.paused_until is None:
            return Claim(step_up=True)
        return Claim(retry_after_s=max(1, int((row.paused_until - now).total_seconds())))

    def _address_key(self, address: str) -> bytes | None:
        """The address' key, /64 for IPv6; None for networks that many patients share. All unknown ones are one."""
        if self.shared.holds(address):
            return None
        try:
            counted = str(network_of(address_of(address)))
        except ValueError:
            counted = "unknown"
        return self.codes.hash("address", counted)


def _own(code_key: bytes, device_key: bytes | None) -> tuple[AttemptScope, bytes]:
    """Scope and key of the count that pauses: the known device's, or the code's."""
    return (AttemptScope.DEVICE, device_key) if device_key else (AttemptScope.CODE, code_key)

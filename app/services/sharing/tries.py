"""Counts tries at the doors of guests, by address and for the whole hospital, before anything is compared. What a link
or its digits allow is in `opening` and `hand_over`.

Why no stranger closes a door for all: a full count of the hospital takes from each address only most of its failures,
never all. An address that did not fail in this hour always has two tries. So a million guesses at six digits need half
a million addresses, and whoever is lucky only stands on a phone's list of waiting PCs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from app.models.states import AttemptScope
from app.repos.patient_access import attempts as repo
from app.security.addresses import Group, address_of, network_of
from app.security.codes import Codes
from app.services.patient_access.attempts import ADDRESS_WINDOW, Counted

HOSPITAL_WINDOW = timedelta(minutes=10)
HOSPITAL_FAILURES = 200
"""Above it somebody guesses with many addresses. Honest people mistype less often in ten minutes."""
STRICT_FAILURES = 2
"""What an address then still may, in an hour."""
SHARED_TIMES = 20
"""An address that many people share (a setting) may fail so many times as often as another one: it is counted too, as a
guest's door has no other way in that could be asked for."""


class GuestDoor(StrEnum):
    LINK = "link"
    DIGITS = "digits"
    HELPER = "helper"


@dataclass(frozen=True)
class GuestClaim:
    """Whether a try may be compared now. `counted`: the windows it was counted in."""

    retry_after_s: int = 0
    counted: Counted = ()


@dataclass(frozen=True, kw_only=True)
class GuestTries:
    """Decides whether one more try may be compared. Every method works inside the caller's transaction, and the caller
    commits before it compares. A refusal is a result and raises nothing."""

    codes: Codes
    address_limit: int
    shared: Group

    def claim(self, session: Session, door: GuestDoor, address: str, now: datetime) -> GuestClaim:
        hospital = self.codes.hash("guests", door)
        repo.ensure_attempts(session, AttemptScope.HOSPITAL, hospital, now)
        began = repo.count_in_window(session, AttemptScope.HOSPITAL, hospital, now, HOSPITAL_WINDOW)
        row = repo.attempts(session, AttemptScope.HOSPITAL, hospital)
        strict = row is not None and row.window_count > HOSPITAL_FAILURES
        key, most = self._of_address(door, address, strict)
        repo.ensure_attempts(session, AttemptScope.GUEST, key, now)
        own = repo.count_in_window(session, AttemptScope.GUEST, key, now, ADDRESS_WINDOW, most)
        counted: Counted = () if began is None else ((AttemptScope.HOSPITAL, hospital, began),)
        if own is None:
            self.give_back(session, counted)  # a try that is not compared is no guess
            return GuestClaim(retry_after_s=self._until_window_ends(session, key, now))
        return GuestClaim(counted=(*counted, (AttemptScope.GUEST, key, own)))

    def give_back(self, session: Session, counted: Counted) -> None:
        """The try succeeded, or was not compared."""
        for scope, key, began in counted:
            repo.uncount_in_window(session, scope, key, began)

    def _of_address(self, door: GuestDoor, address: str, strict: bool) -> tuple[bytes, int]:
        try:
            counted = str(network_of(address_of(address)))
        except ValueError:
            counted = "unknown"
        most = min(STRICT_FAILURES, self.address_limit) if strict else self.address_limit
        times = SHARED_TIMES if self.shared.holds(address) else 1
        return self.codes.hash("guest-address", door, counted), most * times

    def _until_window_ends(self, session: Session, key: bytes, now: datetime) -> int:
        row = repo.attempts(session, AttemptScope.GUEST, key)
        begun = row.window_started_at if row is not None and row.window_started_at is not None else now
        return max(1, int((min(begun, now) + ADDRESS_WINDOW - now).total_seconds()))

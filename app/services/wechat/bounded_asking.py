"""How often WeChat is asked who looks: a stranger with states of their own could make us ask without end.

Asked questions count, whatever WeChat says. `login` asks; which browser may ask at all is decided there.

Why strangers close this door for nobody else: a browser that opened an exam before has a count of its own. And of the
questions of all other browsers a half is kept for addresses that asked few: who asks many from some dozen addresses
cannot take it. The total is of a minute, not of an hour: who holds it full must go on with a hundred new addresses a
minute, and the patient who comes first in the next minute comes in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.models.states import AttemptScope
from app.repos.binding import devices
from app.repos.patient_access import attempts as repo
from app.repos.patient_access import sessions
from app.security.addresses import Group, address_of, network_of
from app.security.codes import Codes

OF_ADDRESS_WINDOW, OF_ALL_WINDOW = timedelta(hours=1), timedelta(minutes=1)
OF_ADDRESS = 300
"""In an hour. Many people share a mobile carrier's address."""
OF_ALL = 600
"""In a minute. WeChat answers 50 000; a house of 190 000 exams a year sees some hundred logins in its busiest hour."""
KEPT_FOR_FEW = 2
"""One part of so many of OF_ALL is kept for addresses that asked FEW times or less in this hour."""
FEW = 3
OF_DEVICE = 60
"""In an hour, of one browser that opened an exam before."""


@dataclass(frozen=True, kw_only=True)
class BoundedAsking:
    """Decides whether WeChat may be asked once more. Works inside the caller's transaction; a refusal is a result.

    `shared`: networks that many people share. An address there has no limit of its own, but takes of what is kept for
    others only as much as another address may ask in all."""

    codes: Codes
    shared: Group

    def claim(self, session: Session, address: str, device: str | None, now: datetime) -> bool:
        """Count one question. A full address takes nothing from the others. `device`: the token in the browser's
        cookie, perhaps one that we never gave."""
        given = self.codes.hash("device", device or "")
        if devices.is_bound_device(session, given) or sessions.is_known_device(session, given):
            of_device = self._count(session, f"device:{given.hex()}", now, OF_DEVICE)
            # A patient can make many browsers known, so they have a total too.
            return of_device is not None and self._count_of_all(session, "all devices", now, OF_ALL)
        is_shared = self.shared.holds(address)
        of_address = self._count(session, _network(address), now, None if is_shared else OF_ADDRESS)
        if of_address is None:
            return False
        asked_few = of_address <= (OF_ADDRESS if is_shared else FEW)
        return self._count_of_all(session, "all", now, OF_ALL if asked_few else OF_ALL - OF_ALL // KEPT_FOR_FEW)

    def _count_of_all(self, session: Session, of: str, now: datetime, most: int) -> bool:
        return self._count(session, of, now, most, OF_ALL_WINDOW) is not None

    def _count(
        self, session: Session, of: str, now: datetime, most: int | None, window: timedelta = OF_ADDRESS_WINDOW
    ) -> int | None:
        """The number of this question in its window; None, and not counted, when there were `most`."""
        key = self.codes.hash("wechat-login", of)
        repo.ensure_attempts(session, AttemptScope.WECHAT_LOGIN, key, now)
        if repo.count_in_window(session, AttemptScope.WECHAT_LOGIN, key, now, window, most) is None:
            return None
        row = repo.attempts(session, AttemptScope.WECHAT_LOGIN, key)
        return row.window_count if row is not None else 1


def _network(address: str) -> str:
    """All unknown addresses count as one."""
    try:
        return str(network_of(address_of(address)))
    except ValueError:
        return "unknown"

"""How often WeChat is asked who looks: a stranger with states of their own could make us ask without end.

Asked questions count, whatever WeChat says. `login` asks; which browser may ask at all is decided there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.models.states import AttemptScope
from app.repos.patient_access import attempts as repo
from app.security.addresses import Group, address_of, network_of
from app.security.codes import Codes

WINDOW = timedelta(hours=1)
OF_ADDRESS = 300
"""Many people share a mobile carrier's address."""
OF_ALL = 10_000
"""A house of 190 000 exams a year sees some hundred logins in its busiest hour."""


@dataclass(frozen=True, kw_only=True)
class BoundedAsking:
    """Decides whether WeChat may be asked once more. `shared`: networks of which only the total counts. Works inside
    the caller's transaction; a refusal is a result."""

    codes: Codes
    shared: Group

    def claim(self, session: Session, address: str, now: datetime) -> bool:
        """Count one question. A full address takes nothing from the others."""
        of_address = self.shared.holds(address) or self._count(session, _network(address), now, OF_ADDRESS)
        return of_address and self._count(session, "all", now, OF_ALL)

    def _count(self, session: Session, of: str, now: datetime, most: int) -> bool:
        key = self.codes.hash("wechat-login", of)
        repo.ensure_attempts(session, AttemptScope.WECHAT_LOGIN, key, now)
        return repo.count_in_window(session, AttemptScope.WECHAT_LOGIN, key, now, WINDOW, most) is not None


def _network(address: str) -> str:
    """All unknown addresses count as one."""
    try:
        return str(network_of(address_of(address)))
    except ValueError:
        return "unknown"

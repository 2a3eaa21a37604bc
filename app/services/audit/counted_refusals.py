"""Refused callers whom nothing else limits: all are counted, and few make a row of the audit log.

Doors with a limit of tries write a row for each failure. A door that anybody may call as often as they like would let a
stranger fill the log. Here an address gets a row for each of its first refusals in an hour, then one each time their
number has doubled; `times` says how many there were. All addresses together are bounded the same way. A code of ours
has rows of its own besides, bounded the same way: who guesses at one is seen, however many others guess elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.models.states import AttemptScope
from app.repos.patient_access import attempts as repo
from app.security.address_marks import AddressMarks
from app.security.addresses import address_of, network_of
from app.security.codes import Codes
from app.services.audit.log import Action, Audit

WINDOW = timedelta(hours=1)
EACH_OF_ADDRESS = 10
EACH_OF_ALL = 160
"""So many refusals of all addresses have rows of their own; it is EACH_OF_ADDRESS doubled four times."""
EACH_OF_CODE = 20
"""Of a code of ours, in an hour. Where tries are limited there are fewer: ten for the life of a code."""


@dataclass(frozen=True)
class _Counted:
    """Which refusal of its hour it is: of its address, and of all."""

    of_address: int
    of_all: int

    @property
    def is_due(self) -> bool:
        few = self.of_all > EACH_OF_ALL or _is_due(self.of_address, EACH_OF_ADDRESS)
        return few and _is_due(self.of_all, EACH_OF_ALL)


@dataclass(frozen=True, kw_only=True)
class CountedRefusals:
    """Decides which refusals the audit log keeps. Raises DatabaseUnavailable."""

    db: Database
    clock: Clock
    codes: Codes
    audit: Audit
    address_marks: AddressMarks

    def record(self, action: Action, *, address: str, **event: str) -> None:
        """As `record_in`, in a transaction of its own."""
        with self.db.session() as session:
            self.record_in(session, action, address=address, **event)

    def record_in(self, session: Session, action: Action, *, address: str, **event: str) -> None:
        """Count one refusal, and write its row when that is due. `event`: actor, subject and more, as `Audit.record`
        takes them."""
        counted = self._counted(session, action, address)
        if counted.is_due:
            self._write(session, action, counted, address, event)

    def record_at_code_in(
        self,
        session: Session,
        action: Action,
        *,
        address: str,
        code_key: bytes,
        is_ours: bool,
        is_limited: bool = False,
        **event: str,
    ) -> None:
        """As `record_alike_in`, for a try at a code. `code_key`: of whatever was typed. `is_ours`: such a code was once
        given; the first failures at it have a row each, whoever tries. `is_limited`: another limit keeps tries like
        this one few, so it has a row however many others there were."""
        of_code = self._count(session, self.codes.hash("refused-code", action, code_key.hex()), self.clock.now())
        is_kept = is_ours & (is_limited | _is_due(of_code, EACH_OF_CODE))  # `&`: both sides are always evaluated
        self.record_alike_in(session, action, address=address, is_kept=is_kept, **event)

    def record_alike_in(self, session: Session, action: Action, *, address: str, is_kept: bool, **event: str) -> None:
        """As `record_in`, but `is_kept` keeps a row that is not due: another limit keeps the number of those small. A
        row that is not kept is written and taken back, so that the time does not tell whether it was kept."""
        counted = self._counted(session, action, address)
        session.flush()  # what the savepoint takes back is this row alone
        written = session.connection().begin_nested()
        self._write(session, action, counted, address, event)
        if is_kept or counted.is_due:
            written.commit()
        else:
            written.rollback()

    def _counted(self, session: Session, action: Action, address: str) -> _Counted:
        now = self.clock.now()
        of_address = self._count(session, self.codes.hash("refused-address", action, _network(address)), now)
        of_all = self._count(session, self.codes.hash("refused", action), now)
        return _Counted(of_address, of_all)

    def _write(
        self, session: Session, action: Action, counted: _Counted, address: str, event: Mapping[str, str]
    ) -> None:
        mark, (times, of_all) = self.address_marks.mark(address), (counted.of_address, counted.of_all)
        self.audit.record(session, action, **event, address_mark=mark, times=times, times_of_all=of_all)

    def _count(self, session: Session, key: bytes, now: datetime) -> int:
        """The number of this refusal in its hour."""
        repo.ensure_attempts(session, AttemptScope.REFUSED, key, now)
        repo.count_in_window(session, AttemptScope.REFUSED, key, now, WINDOW)
        row = repo.attempts(session, AttemptScope.REFUSED, key)
        return row.window_count if row is not None else 1


def _is_due(count: int, each: int) -> bool:
    """Each of the first, then whenever their number has doubled."""
    if count <= each:
        return True
    times, rest = divmod(count, each)
    return rest == 0 and times & (times - 1) == 0


def _network(address: str) -> str:
    try:
        return str(network_of(address_of(address)))
    except ValueError:
        return "unknown"

"""The audit log for those who must read it: newest events by what was done, by whom, to what. Writing it is `audit`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.database import Database
from app.repos.audit import log as repo
from app.security.address_marks import AddressMarks
from app.services.audit.log import Audit, AuditFault

PAGE = 100
FILTERS = ("action", "actor", "subject")


@dataclass(frozen=True)
class AuditLine:
    seq: int
    at: datetime
    action: str
    actor: str
    subject: str
    detail: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class AuditReading:
    """Shows the auditor the newest events and checks the whole chain. It raises nothing of its own."""

    db: Database
    audit: Audit
    address_marks: AddressMarks

    def newest(self, before: int | None, **equal: str) -> list[AuditLine]:
        """At most 100 events below a sequence number, newest first; `equal`: exact values of FILTERS."""
        wanted = {name: value for name, value in equal.items() if name in FILTERS and value}
        with self.db.read() as session:
            return [
                AuditLine(event.seq, event.at, event.action, event.actor, event.subject, event.detail)
                for event in repo.newest(session, PAGE, before=before, **wanted)
            ]

    def faults(self) -> list[AuditFault]:
        """Every break of the hash chain; reads the whole log."""
        with self.db.read() as session:
            return self.audit.verify(session)

    def mark_of(self, address: str) -> str:
        """What stands in the log for this network address, to compare with. The log itself leads to no address."""
        return self.address_marks.mark(address.strip())

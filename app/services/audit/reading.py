"""Reads the audit log for the auditor: newest events by action, actor or subject. Writing it is in `log`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any

from app.database import Database
from app.repos.audit import log as repo
from app.security.address_marks import AddressMarks
from app.services.audit.anchoring import Anchoring
from app.services.audit.log import Audit, AuditFault
from app.services.paging import NUMBER, TOP, Asked, Page, paged

SHOWN = 100
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
    """Decides nothing: it shows the auditor the newest events and checks the chain. Raises InvalidInput."""

    db: Database
    audit: Audit
    address_marks: AddressMarks
    anchoring: Anchoring

    def newest(self, asked: Asked = TOP, **equal: str) -> Page[AuditLine]:
        """A page of 100 events, newest first; `equal`: exact values of FILTERS. Raises InvalidInput (no key of a
        page)."""
        wanted = {name: value for name, value in equal.items() if name in FILTERS and value}
        with self.db.read() as session:
            page = paged(asked, SHOWN, partial(repo.newest, session, wanted), attrgetter("seq"), NUMBER)
        lines = (
            AuditLine(event.seq, event.at, event.action, event.actor, event.subject, event.detail)
            for event in page.rows
        )
        return Page(tuple(lines), page.newer, page.older)

    def faults(self) -> list[AuditFault]:
        """Every break of the hash chain, and everything in which log and anchors differ; reads the whole log."""
        with self.db.read() as session:
            broken = self.audit.verify(session)
        return [*broken, *self.anchoring.faults()]

    def mark_of(self, address: str) -> str:
        """The mark that the log holds for this network address. The log holds only marks, no addresses."""
        return self.address_marks.mark(address.strip())

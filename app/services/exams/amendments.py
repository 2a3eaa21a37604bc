"""Who read a report that was amended since, and that they are told. Versions are stored in `reports`.

Patients and their families get a message, as of other news. Of guests nobody knows an address: the patient's page names
them, and their own page says that the report was amended.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.database import Database
from app.models import Exam, Report
from app.models.states import READABLE
from app.repos.exams import reports as repo
from app.services.audit.looks import Look, LookKind, Looks
from app.services.release.gate import ReleaseGate


@dataclass(frozen=True, kw_only=True)
class Amendments:
    """Decides who is told of an amended report. It raises nothing of its own."""

    db: Database
    looks: Looks
    gate: ReleaseGate

    def tell(self, session: Session, exam: Exam) -> None:
        """Queue news of the newest version when anybody read a former one. Inside the transaction that stores it, after
        its audit event: a reader's own event is either there by now, or that reader is shown the newest version."""
        if self._readers(session, exam.id):
            self.gate.tell_amended(session, exam)

    def to_tell(self, exam_id: uuid.UUID) -> list[Look]:
        """Guests, helpers and relatives who read a former version and not the newest, each once, the latest first."""
        with self.db.read() as session:
            found = [look for look in self._readers(session, exam_id) if look.how is not LookKind.SELF]
        return list({(look.how, look.who): look for look in reversed(found)}.values())[::-1]

    def _readers(self, session: Session, exam_id: uuid.UUID) -> list[Look]:
        readable = [row for row in repo.reports(session, exam_id) if row.status in READABLE]
        if len(readable) < 2:
            return []
        first, newest = readable[0], readable[-1]
        read = self.looks.reads(session, exam_id, since=first.created_at)
        up_to_date = {(look.how, look.who) for look in read if _is_of(look, newest)}
        return [look for look in read if not _is_of(look, newest) and (look.how, look.who) not in up_to_date]


def _is_of(look: Look, newest: Report) -> bool:
    """Whether this look showed the newest version. Events of before name no version: then the time says it."""
    return look.version == newest.version if look.version is not None else look.at > newest.created_at

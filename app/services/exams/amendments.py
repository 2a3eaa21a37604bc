"""Who read a report that was amended since, and that they are told. Versions are stored in `reports`.

Patients get a message, as of other news. Relatives who may still see the exam get one of their own, by their own number
and WeChat. Of guests and helpers nobody knows an address: the patient's page names them, and their own page begins with
it at the next opening.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.database import Database
from app.models import Exam, Report
from app.models.states import READABLE
from app.repos.binding.codes import Person
from app.repos.exams import reports as repo
from app.repos.family import grants
from app.services.audit.looks import Look, LookKind, Looks
from app.services.notifications.for_relatives import ForRelatives
from app.services.release.gate import ReleaseGate


@dataclass(frozen=True, kw_only=True)
class Amendments:
    """Decides who is told of an amended report. It raises nothing of its own."""

    db: Database
    looks: Looks
    gate: ReleaseGate
    relatives: ForRelatives

    def tell(self, session: Session, exam: Exam) -> None:
        """Queue news of the newest version when anybody read a former one. Inside the transaction that stores it, after
        its audit event: a reader's own event is either there by now, or that reader is shown the newest version."""
        readers = self._readers(session, exam.id)
        if not readers:
            return
        self.gate.tell_amended(session, exam)
        by = {uuid.UUID(hex=look.grant) for look in readers if look.grant}
        rows = grants.by_ids(session, by)
        self.relatives.tell_amended(
            session, exam, {Person(row.relative_name_hash, row.relative_number_hash) for row in rows}
        )

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

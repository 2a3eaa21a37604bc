"""Studies whose device cut the accession number short: the desk gives such a study to the exam that was proposed.

Which exam is proposed, services/exams decides. Whether the patient is that exam's, it decides once more.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.database import Database
from app.errors import Conflict, NotFound
from app.models import StudyOrder
from app.models.base import accession_key
from app.models.states import MatchReason
from app.repos.exams import orders
from app.repos.ingest import studies
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import study_subject
from app.services.exams.matching import Matching


@dataclass(frozen=True, kw_only=True)
class CutNumbers:
    """Raises NotFound, Conflict."""

    db: Database
    audit: Audit
    matching: Matching

    def accept(self, order_id: uuid.UUID, seen: str, actor: str) -> None:
        """The study is of the exam with the whole accession number `seen`, which is what the page proposed of this
        order. Raises NotFound, Conflict (nothing is proposed any more, or another exam)."""
        with self.db.session() as session:
            found = orders.by_id(session, order_id)
            study = studies.lock(session, found.study_id) if found else None
            if found is None or study is None:
                raise NotFound
            session.refresh(found)  # it may have changed before the study was locked
            if found.match_reason != MatchReason.CUT_SHORT or found.match_detail != seen:
                raise Conflict("another exam is proposed, or none")
            if study.accession_number == found.accession_number:
                study.accession_number = seen
            self._give(session, found, seen)
            subject = study_subject(study.study_instance_uid)
            self.audit.record(session, Action.STUDY_LABELLED, actor=actor, subject=subject, fields=["accession_number"])
            self.matching.study_changed(session, study)

    def _give(self, session: Session, cut: StudyOrder, whole: str) -> None:
        """Another header of the study may have named the order by its whole number."""
        is_named = any(accession_key(whole) == each.accession_key for each in orders.of_study(session, cut.study_id))
        if is_named:
            orders.remove(session, [cut])
        else:
            cut.accession_number = whole
            session.flush()

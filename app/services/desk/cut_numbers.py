"""Studies whose device cut the accession number short: the desk gives such a study to the exam that was proposed.

Which exam is proposed, services/exams decides. Whether the patient is that exam's, it decides once more.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from app.database import Database
from app.errors import Conflict, NotFound
from app.models.states import MatchReason
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

    def accept(self, study_id: uuid.UUID, seen: str, actor: str) -> None:
        """The study is of the exam with the whole accession number `seen`, which is what the page proposed. Raises
        NotFound, Conflict (nothing is proposed any more, or another exam)."""
        with self.db.session() as session:
            study = studies.lock(session, study_id)
            if study is None:
                raise NotFound
            if study.match_reason != MatchReason.CUT_SHORT or study.match_detail != seen:
                raise Conflict("another exam is proposed, or none")
            study.accession_number = seen
            subject = study_subject(study.study_instance_uid)
            self.audit.record(session, Action.STUDY_LABELLED, actor=actor, subject=subject, fields=["accession_number"])
            self.matching.study_changed(session, study)

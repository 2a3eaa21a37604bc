"""Says of the demo's studies what their patients see, and what of them cannot be shown. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.archive.sealed import PackIndex
from app.database import Database
from app.demo import queries as repo
from app.models import Exam, Study, StudyOrder
from app.models.states import MatchState
from app.repos.pictures import prepared as rendition_repo
from app.services import in_english


@dataclass(frozen=True, kw_only=True)
class DemoSummary:
    db: Database

    def lines(self) -> list[str]:
        """One line for all, then one for each exam whose patient sees less than its study holds."""
        with self.db.read() as session:
            found = [(exam, self._less(session, exam, study, order)) for exam, study, order in repo.exams(session)]
        whole = sum(less == "" for _, less in found)
        return [f"{len(found)} exams, {whole} shown in full"] + [
            f"exam {exam.accession_number}: {less}" for exam, less in found if less
        ]

    def _less(self, session: Session, exam: Exam, study: Study, order: StudyOrder) -> str:
        if exam.held_at is not None:
            return f"held, {in_english.hold(exam.held_reason, exam.held_note)}"
        if order.match_state != MatchState.MATCHED:
            return f"its study is not shown, {in_english.match(order.match_reason, order.match_detail)}"
        if study.prepared_revision != study.revision:
            return "its pictures are not ready yet"
        rows = rendition_repo.prepared(session, study.id, study.revision)
        if not rows:
            return "its study holds no pictures"
        packs = [PackIndex.from_bytes(row.frame_index) for row in rows]
        missing = sum(pack[k].is_empty for pack in packs for k in range(len(pack)))
        return f"{missing} of {sum(map(len, packs))} pictures cannot be shown" if missing else ""

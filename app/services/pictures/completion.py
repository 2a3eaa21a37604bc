"""When a study is complete: nothing came for the quiet period, or a system said so. Then a job prepares its pictures
(`preparation`)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import NotFound
from app.models import Study
from app.models.states import JobKind
from app.repos.due_times import has_come
from app.repos.pictures import completion as repo
from app.services.queue.job_queue import JobQueue
from app.services.queue.row_by_row import row_by_row

log = structlog.get_logger(__name__)

PREPARE = JobKind.PREPARE_STUDY
BATCH = 50
PAUSE_AFTER_FAULT_S = 600.0


@dataclass(frozen=True, kw_only=True)
class Completion:
    """Decides when a study is complete. Raises NotFound."""

    db: Database
    clock: Clock
    queue: JobQueue
    quiet: timedelta
    _pauses: dict[uuid.UUID, float] = field(default_factory=dict)
    """Studies that failed, and until when this process leaves them alone. The row of a study has no column for it."""

    def complete_quiet(self) -> int:
        """Complete every study that got nothing for the quiet period. Returns how many."""
        now = self.clock.now()
        with self.db.read() as session:
            ids = [study.id for study in repo.quiet(session, now, self.quiet, BATCH, self._paused())]
        return row_by_row(ids, lambda study_id: self._complete_if_quiet(study_id, now), self._pause)

    def complete_now(self, study_instance_uid: str) -> None:
        """Complete a study because a system said so. Raises NotFound."""
        with self.db.session() as session:
            study = repo.by_uid(session, study_instance_uid)
            if study is None:
                raise NotFound
            self._complete(session, study)

    def _complete_if_quiet(self, study_id: uuid.UUID, now: datetime) -> bool:
        with self.db.session() as session:
            study = repo.by_id(session, study_id)
            if study is None or not has_come(study.last_instance_at, now - self.quiet, furthest=self.quiet):
                return False
            return self._complete(session, study)

    def _paused(self) -> list[uuid.UUID]:
        now = self.clock.monotonic()
        for study_id in [study_id for study_id, until in self._pauses.items() if until <= now]:
            del self._pauses[study_id]
        return list(self._pauses)

    def _pause(self, study_id: uuid.UUID, error: Exception) -> None:
        log.error("a study cannot be completed", study=study_id, exc_info=error)
        self._pauses[study_id] = self.clock.monotonic() + PAUSE_AFTER_FAULT_S

    def _complete(self, session: Session, study: Study) -> bool:
        # when an instance arrives between reading and writing, the study stays open
        if not repo.complete(session, study.id, study.revision, study.last_instance_at):
            return False
        self.queue.enqueue(session, PREPARE, f"{study.id.hex}:{study.revision}")
        return True

"""When a study is complete: nothing came for the quiet period, or a system said so. Then its pictures are prepared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from app.clock import Clock
from app.errors import NotFound
from app.extensions import Database
from app.models import Study
from app.repos import completion as repo
from app.services.job_queue import JobQueue

PREPARE = "prepare_study"
BATCH = 50


@dataclass(frozen=True)
class Completion:
    db: Database
    clock: Clock
    queue: JobQueue
    quiet: timedelta

    def complete_quiet(self) -> int:
        """Complete every study that got nothing for the quiet period; returns how many."""
        now = self.clock.now()
        with self.db.read() as session:
            if not repo.quiet(session, now, self.quiet, 1):
                return 0  # the usual case needs no write lock
        with self.db.session() as session:
            studies = repo.quiet(session, now, self.quiet, BATCH)
            return sum(self._complete(session, study) for study in studies)

    def complete_now(self, study_instance_uid: str) -> None:
        """An explicit signal. Raises NotFound."""
        with self.db.session() as session:
            study = repo.by_uid(session, study_instance_uid)
            if study is None:
                raise NotFound
            self._complete(session, study)

    def _complete(self, session: Session, study: Study) -> bool:
        # an instance may arrive between reading and writing: then the study stays open
        if not repo.complete(session, study.id, study.revision, study.last_instance_at):
            return False
        self.queue.enqueue(session, PREPARE, f"{study.id.hex}:{study.revision}")
        return True

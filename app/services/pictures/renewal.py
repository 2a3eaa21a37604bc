"""Has pictures made anew that an older release prepared by other rules. The old ones are shown until then."""

from __future__ import annotations

from dataclasses import dataclass

from app.clock import Clock
from app.database import Database
from app.repos.pictures import renewal as repo
from app.services.pictures.completion import PREPARE
from app.services.pictures.preparation import PREPARED_VERSION
from app.services.queue.job_queue import JobQueue

BATCH = 10


@dataclass(frozen=True, kw_only=True)
class Renewal:
    """Decides which study's pictures are made anew next: the newest, while no other study waits."""

    db: Database
    clock: Clock
    queue: JobQueue

    def renew_outdated(self) -> int:
        """Put a few studies back into preparation; returns how many."""
        with self.db.read() as session:
            if self.queue.is_due(session, PREPARE):
                return 0
            outdated = repo.outdated(session, PREPARED_VERSION, BATCH)
        if not outdated:
            return 0
        with self.db.session() as session:
            renewed = [study for study in outdated if repo.open_again(session, study.id, study.revision)]
            for study in renewed:
                self.queue.enqueue(session, PREPARE, f"{study.id.hex}:{study.revision + 1}")
        return len(renewed)

"""What was not taken, for those who must look into it. How it got there is app/services/ingest/ingest.py."""

from __future__ import annotations

from dataclasses import dataclass

from app.database import Database
from app.models import QuarantineItem
from app.repos.ingest import quarantine as repo
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import WHOLE_QUARANTINE

MOST = 500


@dataclass(frozen=True, kw_only=True)
class Quarantine:
    """Shows what was refused. It raises nothing of its own."""

    db: Database
    audit: Audit

    def newest(self, actor: str, limit: int = MOST) -> list[QuarantineItem]:
        """Items without their bytes, newest first, at most 500; reading them is audited."""
        with self.db.session() as session:
            found = repo.newest(session, min(limit, MOST))
            self.audit.record(
                session, Action.MACHINE_READ, actor=actor, subject=WHOLE_QUARANTINE, what="list", count=len(found)
            )
            return found

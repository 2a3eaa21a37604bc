"""Lists the objects in quarantine. Objects are put there by `ingest`."""

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
    """Decides nothing: it lists refused objects. It raises nothing of its own."""

    db: Database
    audit: Audit

    def newest(self, actor: str, limit: int = MOST) -> list[QuarantineItem]:
        """At most 500 items without their bytes, newest first. Reading them is audited."""
        with self.db.session() as session:
            found = repo.newest(session, min(limit, MOST))
            self.audit.record(
                session, Action.MACHINE_READ, actor=actor, subject=WHOLE_QUARANTINE, what="list", count=len(found)
            )
            return found

"""What was not taken, for those who must look into it. How it got there is app/services/ingest.py."""

from __future__ import annotations

from dataclasses import dataclass

from app.extensions import Database
from app.models import QuarantineItem
from app.repos import quarantine as repo

MOST = 500


@dataclass(frozen=True)
class Quarantine:
    db: Database

    def newest(self, limit: int = MOST) -> list[QuarantineItem]:
        """Items without their bytes, newest first, at most 500."""
        with self.db.read() as session:
            return repo.newest(session, min(limit, MOST))

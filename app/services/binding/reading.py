"""Keeps how a bound person wants to read, so that elder mode comes along to the next phone. What the words mean is the
business of app/web/patient/reading_choice.py."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from app.database import Database
from app.repos.binding import devices as repo


@dataclass(frozen=True, kw_only=True)
class ReadingChoices:
    """Decides nothing. It raises nothing of its own."""

    db: Database

    def keep(self, session_ids: Collection[uuid.UUID], choice: str) -> None:
        """For the accounts by which these sessions came; other sessions keep nothing. `choice`: at most 16
        characters."""
        with self.db.session() as session:
            repo.keep_reading(session, session_ids, choice)

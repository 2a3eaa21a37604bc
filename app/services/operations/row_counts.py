"""Compares the counts that are kept as rows are written (`RowCount`) with the rows, and puts them right.

They differ only when somebody wrote past the database's triggers, for example by hand.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.database import Database
from app.repos.operations import figures as repo
from app.repos.operations.figures import Counts
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import ROW_COUNTS


@dataclass(frozen=True)
class CountFault:
    """`name` and `labels` as in `RowCount`; `kept`: what the count says; `counted`: how many rows there are."""

    name: str
    labels: tuple[str, ...]
    kept: int
    counted: int


@dataclass(frozen=True, kw_only=True)
class RowCounts:
    """Decides whether a kept count is wrong. It raises nothing of its own."""

    db: Database
    audit: Audit

    def faults(self, *, mend: bool = False) -> list[CountFault]:
        """Every count that differs from its rows; with `mend` they are right afterwards, which is audited. Nobody
        writes meanwhile: whole tables are read, about a second for a million rows."""
        found: list[CountFault] = []
        with self.db.session() as session:
            for name in repo.NAMES:
                counted = repo.counted_anew(session, name)
                faults = list(_differing(name, repo.kept(session, name), counted))
                if faults and mend:
                    repo.put(session, name, counted)
                found += faults
            if found and mend:
                self.audit.record(session, Action.COUNTS_MENDED, actor="system", subject=ROW_COUNTS, count=len(found))
        return found


def _differing(name: str, kept: Counts, counted: Counts) -> list[CountFault]:
    both = ((labels, kept.get(labels, 0), counted.get(labels, 0)) for labels in sorted({*kept, *counted}))
    return [CountFault(name, labels, before, now) for labels, before, now in both if before != now]

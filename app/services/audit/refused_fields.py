"""Records that a sealed field did not open where it stands: damage, or somebody moved it. That it is not shown is the
business of whoever asked for it."""

from __future__ import annotations

from dataclasses import dataclass

from app.database import Database
from app.errors import FieldRefused
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import field_subject


@dataclass(frozen=True, kw_only=True)
class RefusedFields:
    """Decides nothing. Raises DatabaseUnavailable."""

    db: Database
    audit: Audit

    def record(self, error: FieldRefused) -> None:
        """In a transaction of its own: the one that met the field is over."""
        with self.db.session() as session:
            subject = field_subject(error.field, error.row)
            self.audit.record(session, Action.FIELD_REFUSED, actor="system", subject=subject)

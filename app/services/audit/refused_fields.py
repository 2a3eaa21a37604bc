"""Records that a sealed field did not open where it stands: damage, or somebody moved it. That it is not shown is the
business of whoever asked for it; a list shows its other rows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeVar

from app.database import Database
from app.errors import FieldRefused
from app.security.fields import FieldSealer, SealedRow
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import field_subject

Opened = TypeVar("Opened")


@dataclass(frozen=True, kw_only=True)
class RefusedFields:
    """Decides nothing. Raises DatabaseUnavailable."""

    db: Database
    audit: Audit

    def record(self, error: FieldRefused) -> None:
        """In a transaction of its own: the one that met the field is over."""
        self.record_all([error])

    def record_all(self, errors: Collection[FieldRefused]) -> None:
        """The same of what a list met, each field once."""
        subjects = dict.fromkeys(field_subject(error.field, error.row) for error in errors)
        if not subjects:
            return
        with self.db.session() as session:
            for subject in subjects:
                self.audit.record(session, Action.FIELD_REFUSED, actor="system", subject=subject)


class FieldReader:
    """Opens the fields of a list. One that does not open is None, so that it hides no other row; `refused` keeps what
    is to be recorded."""

    def __init__(self, fields: FieldSealer) -> None:
        self.fields = fields
        self.refused: list[FieldRefused] = []

    def open_of(self, row: SealedRow, column: str) -> str | None:
        """None also for a column that is NULL."""
        if getattr(row, column) is None:
            return None
        return self.reading(lambda: self.fields.open_of(row, column))

    def reading(self, read: Callable[[], Opened]) -> Opened | None:
        """What `read` gives, or None when it meets a field that does not open."""
        try:
            return read()
        except FieldRefused as error:
            self.refused.append(error)
            return None

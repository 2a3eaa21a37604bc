"""Binds every sealed field to its row, in batches, while everything runs; and tells a process which form it writes.

What the forms are is in app/security/fields.py, why it is done in steps in ADR 0014.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.database import Database
from app.errors import FieldRefused
from app.repos.operations import field_binding as repo
from app.repos.operations.field_binding import SealedTable
from app.security.fields import COLUMN_FORM, BindingPhase, FieldSealer, Place
from app.security.keys import MasterKeys
from app.services.audit.log import Action, Audit

BATCH = 200
"""Rows of one commit: few enough that no patient waits for the write lock."""
SUBJECT = "fields"


def follow(db: Database, fields: FieldSealer) -> None:
    """From now on `fields` knows the phase that the database says. Every writing transaction looks, under the write
    lock, until everything is bound: so none writes the first form after binding began."""

    def look(session: Session) -> None:
        if fields.phase is not BindingPhase.BOUND:
            fields.advance(BindingPhase(repo.phase(session)))

    with db.read() as session:
        look(session)
    db.on_writing = look


@dataclass(frozen=True)
class Batch:
    """How many fields of it are bound now, and how many do not open where they stand and stay as they are."""

    bound: int
    refused: int


@dataclass(frozen=True, kw_only=True)
class FieldBinder:
    """Decides which fields are sealed anew, and when the first form ends. Raises InsecureKeyFile."""

    db: Database
    fields: FieldSealer
    audit: Audit
    keys: MasterKeys

    def bind_all(
        self,
        key_path: Path,
        *,
        accept_first_form: bool = False,
        after_batch: Callable[[Batch], object] = lambda batch: None,
    ) -> Batch:
        """All three steps; what they came to. After a crash it is simply done again."""
        self.begin()
        bound = refused = 0
        for batch in self.batches(accept_first_form=accept_first_form):
            bound, refused = bound + batch.bound, refused + batch.refused
            after_batch(batch)
        self.finish(key_path, bound=bound, refused=refused)
        return Batch(bound, refused)

    def begin(self) -> None:
        """From now on all processes write the second form. Those of the release before cannot read it."""
        with self.db.session() as session:
            if repo.phase(session) == BindingPhase.UNBOUND:
                repo.set_phase(session, BindingPhase.BINDING)
                self.audit.record(session, Action.FIELDS_BINDING, actor="system", subject=SUBJECT)
        self.fields.advance(BindingPhase.BINDING)

    def batches(self, *, accept_first_form: bool = False) -> Iterator[Batch]:
        """Bind what is not bound, one commit a batch; what was done before a crash is done. One round is enough: since
        `begin` nobody writes the first form.

        `accept_first_form`: also where everything was bound already. Somebody vouches for where such fields come from.
        """
        reader = self.fields.reading_both() if accept_first_form else self.fields
        for sealed in repo.sealed_tables():
            yield from self._batches_of(sealed, reader)

    def finish(self, key_path: Path, *, bound: int, refused: int) -> None:
        """Every process refuses the first form from its next writing transaction on, and whoever starts with this key
        file from the start."""
        with self.db.session() as session:
            if repo.phase(session) != BindingPhase.BOUND or bound:
                repo.set_phase(session, BindingPhase.BOUND)
                counts = {"bound": bound, "refused": refused}
                self.audit.record(session, Action.FIELDS_BOUND, actor="system", subject=SUBJECT, **counts)
        self.fields.advance(BindingPhase.BOUND)
        MasterKeys.mark_fields_bound(key_path)

    def note(self) -> str | None:
        """What an operator still has to do, in one line."""
        with self.db.read() as session:
            phase = repo.phase(session)
        if phase != BindingPhase.BOUND and self.keys.fields_are_bound:
            return (
                "the database is of before sealed fields were bound to their rows, and the key file refuses such"
                " fields: if it is a restored backup, run flask bind-fields --restored"
            )
        if phase != BindingPhase.BOUND:
            return (
                "sealed fields are not bound to their rows yet: run flask bind-fields once every process runs this"
                " release"
            )
        if not self.keys.fields_are_bound:
            return (
                "the key file does not say that sealed fields are bound to their rows: run flask bind-fields here, or"
                " copy the file from where it ran"
            )
        return None

    def _batches_of(self, sealed: SealedTable, reader: FieldSealer) -> Iterator[Batch]:
        after = None
        while True:
            with self.db.read() as session:
                ids = repo.ids_of_form(session, sealed, COLUMN_FORM, after, BATCH)
            if not ids:
                return
            with self.db.session() as session:
                rows = [self._bound(sealed, row, reader) for row in repo.fields_of(session, sealed, ids)]
                repo.put_fields(session, sealed, [row for row, _ in rows])
            yield Batch(sum(batch.bound for _, batch in rows), sum(batch.refused for _, batch in rows))
            after = ids[-1]

    def _bound(
        self, sealed: SealedTable, row: Mapping[str, Any], reader: FieldSealer
    ) -> tuple[Mapping[str, Any], Batch]:
        """The row with its fields in the second form; one that does not open stays, and is refused for ever."""
        values, bound, refused = dict(row), 0, 0
        for column in sealed.columns:
            blob: bytes | None = row[column.name]
            if blob is None or blob[:1] != COLUMN_FORM:
                continue
            place = Place(sealed.table.name, column.name, row["id"])
            try:
                values[column.name] = self.fields.seal_bound(reader.open(blob, place), place)
                bound += 1
            except FieldRefused:
                refused += 1
        return values, Batch(bound, refused)

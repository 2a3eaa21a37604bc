"""Sealed database fields: short texts such as names and phone numbers. Whole files are sealed in `sealing`.

There are two forms, and the first byte says which. A field of the second form is bound to its table, column and row, so
that nobody who can write the database can make two rows trade places. A field of the first form is bound to table and
column only. Older releases wrote it, and it is read until every field is bound (ADR 0014). Which fields there are
is in `app/models`, and how they are bound in `app/services/operations/field_binding.py`.
"""

from __future__ import annotations

import secrets
import uuid
from copy import copy
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import FieldRefused
from app.security.sealing import DOES_NOT_OPEN

log = structlog.get_logger(__name__)

COLUMN_FORM = b"\x01"
ROW_FORM = b"\x02"
_SUFFIX = "_sealed"
_NONCE_BYTES = 12


class BindingPhase(StrEnum):
    """How far binding is. It only ever goes forward."""

    UNBOUND = "unbound"
    """Processes of the release before may run: the first form is written, both are read."""
    BINDING = "binding"
    """The second form is written, both are read."""
    BOUND = "bound"
    """Every field is of the second form, and the first is refused."""


_ORDER = tuple(BindingPhase)


class Place(NamedTuple):
    """Where a sealed field stands. `column` ends in `_sealed`."""

    table: str
    column: str
    row: uuid.UUID

    @property
    def name(self) -> str:
        """`table.column` without the suffix, e.g. `patient.name`."""
        return f"{self.table}.{self.column.removesuffix(_SUFFIX)}"

    def associated(self, form: bytes) -> bytes:
        """What the cipher authenticates beside the text, with the form itself in front."""
        if form == COLUMN_FORM:
            return form + self.name.encode()
        return form + f"{self.table}.{self.column}:{self.row.hex}".encode()


class SealedRow(Protocol):
    """A row with sealed columns, as the models make them."""

    __tablename__: Any

    @property
    def id(self) -> uuid.UUID: ...


def place_of(row: SealedRow, column: str) -> Place:
    """The place of a column of a row that has its id already. Raises AttributeError when it has no such column."""
    getattr(row, column)
    return Place(row.__tablename__, column, row.id)


class FieldSealer:
    """AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D 8.2.2); the place is associated data.

    field = form (1) | nonce (12) | ciphertext | tag (16)
    """

    def __init__(self, key: bytes, phase: BindingPhase = BindingPhase.BOUND) -> None:
        """`key`: 32 bytes of purpose `fields`."""
        self._cipher = AESGCM(key)
        self._phase = phase

    @property
    def phase(self) -> BindingPhase:
        return self._phase

    def advance(self, phase: BindingPhase) -> None:
        """Take over a phase; one that lies behind the own one changes nothing."""
        self._phase = max(self._phase, phase, key=_ORDER.index)

    def seal(self, text: str, place: Place) -> bytes:
        """Seal `text` for `place`; equal texts give different bytes."""
        return self._sealed(text, place, COLUMN_FORM if self._phase is BindingPhase.UNBOUND else ROW_FORM)

    def seal_bound(self, text: str, place: Place) -> bytes:
        """As `seal`, in the form that opens in every phase: for what no process of the release before reads."""
        return self._sealed(text, place, ROW_FORM)

    def open(self, blob: bytes, place: Place) -> str:
        """Open what `seal` made for the same place; raises FieldRefused, and logs where, otherwise."""
        form, nonce, sealed = blob[:1], blob[1 : 1 + _NONCE_BYTES], blob[1 + _NONCE_BYTES :]
        if form == ROW_FORM or (form == COLUMN_FORM and self._phase is not BindingPhase.BOUND):
            try:
                return self._cipher.decrypt(nonce, sealed, place.associated(form)).decode()
            except DOES_NOT_OPEN:
                pass
        log.error("a sealed field does not open where it stands", field=place.name, row=place.row)
        raise FieldRefused(place.name, place.row)

    def open_of(self, row: SealedRow, column: str) -> str:
        """The text of a row's column, which is not NULL. Raises FieldRefused."""
        return self.open(getattr(row, column), place_of(row, column))

    def seal_into(self, row: SealedRow, column: str, text: str) -> None:
        """Set a column of a row that has its id already to the sealed text."""
        setattr(row, column, self.seal(text, place_of(row, column)))

    def reading_both(self) -> FieldSealer:
        """The same key, for one who knows where fields of the first form come from: it opens both."""
        other = copy(self)
        other._phase = BindingPhase.BINDING
        return other

    def _sealed(self, text: str, place: Place, form: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return form + nonce + self._cipher.encrypt(nonce, text.encode(), place.associated(form))

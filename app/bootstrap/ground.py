"""Builds the parts that every room uses: settings, clock, database, keys, audit log. Once in a process. No rooms
here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.bootstrap.outside import Outside
from app.clock import Clock
from app.config import Settings
from app.database import Database
from app.security.address_marks import AddressMarks
from app.security.blind_index import BlindIndex
from app.security.codes import Codes
from app.security.fields import FieldSealer
from app.security.keys import MasterKeys
from app.services.audit.log import Audit


@dataclass(frozen=True, kw_only=True)
class Ground:
    settings: Settings
    clock: Clock
    db: Database
    keys: MasterKeys
    fields: FieldSealer
    blind: BlindIndex
    codes: Codes
    address_marks: AddressMarks
    audit: Audit
    wake: Callable[[], None]
    """Wakes a worker, because something waits."""


def build(settings: Settings, clock: Clock, outside: Outside, keys: MasterKeys) -> Ground:
    return Ground(
        settings=settings,
        clock=clock,
        db=outside.db,
        keys=keys,
        fields=FieldSealer(keys.derive("fields")),
        blind=BlindIndex(keys.derive("blind-index")),
        codes=Codes(keys.derive("codes"), keys.derive("code-hashes")),
        address_marks=AddressMarks(keys.derive("address-marks")),
        audit=Audit(key=keys.derive("audit"), clock=clock),
        wake=outside.waker.wake,
    )

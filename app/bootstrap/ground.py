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
from app.security.fields import BindingPhase, FieldSealer
from app.security.keys import MasterKeys
from app.services.audit.counted_refusals import CountedRefusals
from app.services.audit.log import Audit
from app.services.operations.field_binding import follow


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
    refusals: CountedRefusals
    authenticators: Clock
    """The time by which staff's authenticators count: that of the world, also where a demo moves its own."""
    wake: Callable[[], None]
    """Wakes a worker, because something waits."""


def build(settings: Settings, clock: Clock, outside: Outside, keys: MasterKeys, authenticators: Clock) -> Ground:
    codes, audit = Codes(keys.derive("codes"), keys.derive("code-hashes")), Audit(key=keys.derive("audit"), clock=clock)
    marks = AddressMarks(keys.derive("address-marks"))
    return Ground(
        settings=settings,
        clock=clock,
        db=outside.db,
        keys=keys,
        fields=_sealer(outside.db, keys),
        blind=BlindIndex(keys.derive("blind-index")),
        codes=codes,
        address_marks=marks,
        audit=audit,
        refusals=CountedRefusals(db=outside.db, clock=clock, codes=codes, audit=audit, address_marks=marks),
        authenticators=authenticators,
        wake=outside.waker.wake,
    )


def _sealer(db: Database, keys: MasterKeys) -> FieldSealer:
    """Where the key file says that everything is bound, nothing in the database can say otherwise."""
    if keys.fields_are_bound:
        return FieldSealer(keys.derive("fields"), BindingPhase.BOUND)
    fields = FieldSealer(keys.derive("fields"), BindingPhase.UNBOUND)
    follow(db, fields)
    return fields

"""Builds the room services/staff. Its rules are in app/services/staff."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from app.bootstrap.ground import Ground
from app.security.session_tokens import SessionTokens
from app.services.staff.accounts import StaffAccounts
from app.services.staff.login import StaffLogin


@dataclass(frozen=True, kw_only=True)
class StaffRoom:
    accounts: StaffAccounts
    login: StaffLogin
    tokens: SessionTokens
    form_key: bytes = field(repr=False)


def build(ground: Ground) -> StaffRoom:
    db, clock, fields, audit = ground.db, ground.clock, ground.fields, ground.audit
    return StaffRoom(
        accounts=StaffAccounts(db=db, clock=clock, fields=fields, audit=audit),
        login=StaffLogin(
            db=db,
            clock=clock,
            codes=ground.codes,
            fields=fields,
            audit=audit,
            address_marks=ground.address_marks,
            refusals=ground.refusals,
            authenticators=ground.authenticators,
            idle=timedelta(minutes=ground.settings.staff_idle_min),
        ),
        tokens=SessionTokens(ground.keys.derive("staff-session-jwt"), "staff"),
        form_key=ground.keys.derive("staff-forms"),
    )

"""Builds the room services/consent. Its rules are in app/services/consent."""

from __future__ import annotations

from app.bootstrap.ground import Ground
from app.services.consent.consents import Consents


def build(ground: Ground) -> Consents:
    return Consents(db=ground.db, clock=ground.clock, audit=ground.audit)

"""Builds the room services/audit. Its rules are in app/services/audit."""

from __future__ import annotations

from dataclasses import dataclass

from app.bootstrap.ground import Ground
from app.services.audit.log import Audit
from app.services.audit.reading import AuditReading


@dataclass(frozen=True, kw_only=True)
class AuditRoom:
    log: Audit
    reading: AuditReading


def build(ground: Ground) -> AuditRoom:
    return AuditRoom(
        log=ground.audit,
        reading=AuditReading(db=ground.db, audit=ground.audit, address_marks=ground.address_marks),
    )

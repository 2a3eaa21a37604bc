"""Builds the room services/audit. Its rules are in app/services/audit."""

from __future__ import annotations

from dataclasses import dataclass

from app.bootstrap.ground import Ground
from app.services.audit.anchor_files import AnchorFolder
from app.services.audit.anchoring import Anchoring
from app.services.audit.log import Audit
from app.services.audit.looks import Looks
from app.services.audit.reading import AuditReading
from app.services.audit.refused_fields import RefusedFields


@dataclass(frozen=True, kw_only=True)
class AuditRoom:
    anchoring: Anchoring
    log: Audit
    looks: Looks
    reading: AuditReading
    refused_fields: RefusedFields


def build(ground: Ground) -> AuditRoom:
    folder = AnchorFolder(ground.settings.anchor_path, ground.keys.derive("audit-anchors"))
    anchoring = Anchoring(db=ground.db, clock=ground.clock, audit=ground.audit, folder=folder)
    return AuditRoom(
        anchoring=anchoring,
        log=ground.audit,
        looks=Looks(db=ground.db, fields=ground.fields),
        reading=AuditReading(db=ground.db, audit=ground.audit, address_marks=ground.address_marks, anchoring=anchoring),
        refused_fields=RefusedFields(db=ground.db, audit=ground.audit),
    )

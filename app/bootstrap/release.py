"""Builds the room services/release. Its rules are in app/services/release."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.bootstrap.ground import Ground
from app.services.notifications.telling import NewsTelling
from app.services.patient_access.codes import AccessCodes
from app.services.release.gate import GateKind, ReleaseGate
from app.services.release.holds import Holds
from app.services.release.sensitivity import Sensitivity


@dataclass(frozen=True, kw_only=True)
class ReleaseRoom:
    gate: ReleaseGate
    holds: Holds
    sensitivity: Sensitivity


def build(ground: Ground, codes: AccessCodes, telling: NewsTelling) -> ReleaseRoom:
    settings = ground.settings
    holds = Holds(db=ground.db, clock=ground.clock, audit=ground.audit)
    return ReleaseRoom(
        gate=ReleaseGate(
            db=ground.db,
            clock=ground.clock,
            audit=ground.audit,
            access_codes=codes,
            outbox=telling.outbox,
            telling=telling,
            gate=GateKind(settings.release_gate),
            delay=timedelta(hours=settings.release_delay_h),
            report_alone=timedelta(hours=settings.report_alone_h),
        ),
        holds=holds,
        sensitivity=Sensitivity(db=ground.db, clock=ground.clock, audit=ground.audit, holds=holds),
    )

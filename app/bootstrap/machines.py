"""Builds the room services/machines. Its rules are in app/services/machines."""

from __future__ import annotations

from dataclasses import dataclass

from app.bootstrap.ground import Ground
from app.services.machines.tokens import MachineTokens


@dataclass(frozen=True, kw_only=True)
class MachinesRoom:
    tokens: MachineTokens


def build(ground: Ground) -> MachinesRoom:
    return MachinesRoom(tokens=MachineTokens(db=ground.db, clock=ground.clock, audit=ground.audit))

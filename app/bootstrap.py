"""Settings -> Services: the only place that names a vendor's or an embedded stand-in's class. No decisions on data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app import schema
from app.clock import Clock, SystemClock
from app.config import Settings
from app.extensions import Database
from app.services.audit import Audit
from app.services.machine_tokens import MachineTokens


@dataclass(frozen=True, kw_only=True)
class Services:
    """All use cases and ports of one process, ready to use."""

    settings: Settings
    clock: Clock
    db: Database
    audit: Audit
    machine_tokens: MachineTokens

    def probes(self) -> dict[str, Callable[[], None]]:
        """What /readyz asks; each raises when its part does not answer."""
        return {"database": self.db.probe}


def build(settings: Settings, clock: Clock | None = None) -> Services:
    """Open everything the settings name and bring the database to the newest schema."""
    clock = clock or SystemClock()
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    db = Database(settings.database_address)
    schema.upgrade(db)
    audit = Audit(b"", clock)
    return Services(settings=settings, clock=clock, db=db, audit=audit, machine_tokens=MachineTokens(db, clock, audit))

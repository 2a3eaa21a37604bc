"""Builds the room services/backup. Its rules are in app/services/backup."""

from __future__ import annotations

from dataclasses import dataclass

from app.archive.local_store import LocalStore
from app.archive.store import ObjectStore
from app.bootstrap.ground import Ground
from app.services.backup.making import Backups
from app.services.backup.restoring import Restoring


@dataclass(frozen=True, kw_only=True)
class BackupRoom:
    making: Backups
    restoring: Restoring


def build(ground: Ground, store: ObjectStore) -> BackupRoom:
    backups = Backups(
        db=ground.db,
        clock=ground.clock,
        audit=ground.audit,
        store=store,
        open_store=LocalStore,
        key=ground.keys.derive("backups"),
        anchors=ground.settings.anchor_path,
    )
    restoring = Restoring(db=ground.db, audit=ground.audit, store=store, backups=backups)
    return BackupRoom(making=backups, restoring=restoring)

"""Builds the room services/archive and the sealed objects that its keys open. Its rules are in app/services/archive."""

from __future__ import annotations

from dataclasses import dataclass

from app.archive.sealed import SealedArchive
from app.archive.store import ObjectStore
from app.bootstrap.ground import Ground
from app.errors import SettingsError, UnsealError
from app.services.archive.data_keys import DataKeys


@dataclass(frozen=True, kw_only=True)
class ArchiveRoom:
    objects: SealedArchive
    data_keys: DataKeys


def build(ground: Ground, store: ObjectStore) -> ArchiveRoom:
    """Raises SettingsError when the key file belongs to other data."""
    data_keys = DataKeys(master=ground.keys, clock=ground.clock)
    _require_fitting(data_keys, ground)
    return ArchiveRoom(objects=SealedArchive(store), data_keys=data_keys)


def _require_fitting(data_keys: DataKeys, ground: Ground) -> None:
    """With a wrong key file all old data is unreadable, and new data would be sealed with a second key."""
    try:
        with ground.db.read() as session:
            data_keys.check(session)
    except UnsealError:
        raise SettingsError(["CLOUDFILM_KEY_FILE: opens nothing of what this database holds"]) from None

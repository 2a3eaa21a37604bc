"""Makes data keys, wraps them with the master key and unwraps them. Sealing objects is in app/archive."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.archive.sealed import DataKey
from app.caches.lru import LruCache
from app.clock import Clock
from app.errors import UnsealError
from app.models import DataKeyRow
from app.repos.archive import data_keys as repo
from app.security.keys import KEY_BYTES, MasterKeys

CACHED_KEYS = 1024
CHECKED_KEYS = 5


@dataclass(frozen=True, kw_only=True)
class DataKeys:
    """Decides nothing: it makes and opens data keys. Raises UnsealError.

    The last used keys stay open in memory: the master key opens them all and is in memory anyway.
    """

    master: MasterKeys
    clock: Clock
    _opened: LruCache[uuid.UUID, DataKey] = field(default_factory=lambda: LruCache(CACHED_KEYS), repr=False)

    def create(self, session: Session) -> DataKey:
        """A new key. Its row is added inside the caller's transaction."""
        key, row = self.mint()
        repo.add(session, row)
        return key

    def mint(self) -> tuple[DataKey, DataKeyRow]:
        """A new key and its row, which the caller adds. For objects that are sealed before their transaction begins."""
        key = DataKey(uuid.uuid4(), secrets.token_bytes(KEY_BYTES))
        wrapped = self.master.wrap(key.key, context=key.id.bytes)
        return key, DataKeyRow(id=key.id, wrapped=wrapped, created_at=self.clock.now())

    def check(self, session: Session) -> None:
        """Raises UnsealError when none of the newest keys opens: the master key belongs to another database. A single
        key that does not open may be a damaged row."""
        rows = repo.newest(session, CHECKED_KEYS)
        if rows and not any(self._opens(row) for row in rows):
            raise UnsealError("wrapped by another master key")

    def _opens(self, row: DataKeyRow) -> bool:
        try:
            return bool(self.master.unwrap(row.wrapped, context=row.id.bytes))
        except UnsealError:
            return False

    def open(self, session: Session, key_id: uuid.UUID) -> DataKey:
        """The key of this id. Raises UnsealError when its row is gone (crypto-shredded) or does not open."""
        opened = self._opened.get(key_id)
        if opened is not None:
            return opened
        # Each session reads the row itself. If it waited for the read of another session, it could hold the lock or the
        # connection that the other session needs.
        row = repo.by_id(session, key_id)
        if row is None:
            raise UnsealError("the data key is gone")
        wrapped = row.wrapped
        return self._opened.computed(key_id, lambda: DataKey(key_id, self.master.unwrap(wrapped, context=key_id.bytes)))

"""Working copies of frames in sealed packs: which frames get one and when, how packs are written, read, and deleted
when nobody needed them for some days. Without a copy the original is read. Making them at first need: `copying`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeGuard

from app.archive.sealed import DataKey, PackEntry, PackIndex, SealedArchive
from app.caches.lru import LruCache
from app.clock import Clock
from app.database import Database
from app.errors import ObjectMissing
from app.imaging.codecs.working_copy import WORKING_COPY
from app.imaging.header.image_header import ImageHeader
from app.models import WorkingPack
from app.repos.pictures import working_packs as repo
from app.services.pictures.new_packs import NewPacks, delete_pack
from app.services.session_times import touch

PACK_BYTES = 24 * 1024 * 1024
"""A pack is written when it holds so much, because until then it is in memory."""
_UID = "1.2.840.10008.1.2"
NEVER = frozenset({_UID, f"{_UID}.1", f"{_UID}.2", *(f"{_UID}.4.{last}" for last in ("50", "201", "202", "203"))})
"""Syntaxes whose frames open about as fast as a copy: not compressed, JPEG of 8 bits, HTJ2K."""
ON_NEED = frozenset({f"{_UID}.5", *(f"{_UID}.4.{last}" for last in ("57", "70", "80", "81"))})
"""Syntaxes that open fast enough for a first look, 2 to 5 ms a slice of 512², and whose copies are larger than they:
RLE, JPEG without loss, JPEG-LS. Of others, such as JPEG 2000 with 27 ms, copies are made while a stack is prepared."""
MARKED_EVERY = timedelta(hours=12)
BATCH = 200


def may_have_copy(header: ImageHeader | None) -> TypeGuard[ImageHeader]:
    """Colour has no window and gets no copy."""
    return header is not None and header.samples_per_pixel == 1 and header.transfer_syntax_uid not in NEVER


def is_copied_at_once(header: ImageHeader | None) -> bool:
    """Whether preparation makes the copy; else it is made at first need."""
    return may_have_copy(header) and header.transfer_syntax_uid not in ON_NEED


@dataclass
class PackWriter:
    """Collects the copies of one stack, frame by frame, and writes them in packs. `rows` are for the caller to add."""

    archive: SealedArchive
    packs: NewPacks
    revision: int
    data_key: DataKey
    clock: Clock
    rows: list[WorkingPack] = field(default_factory=list)
    _chunks: list[bytes] = field(default_factory=list)
    _frames: int = 0

    def add(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._frames += 1
        if sum(map(len, self._chunks)) >= PACK_BYTES:
            self.finish()

    def finish(self) -> None:
        """Write what is left."""
        chunks, self._chunks = self._chunks, []
        if not any(chunks):
            return
        key = self.packs.key()
        index = self.archive.put_pack(key, self.revision, self.data_key, chunks)
        self.rows.append(
            WorkingPack(
                first_frame=self._frames - len(chunks) + 1,
                object_key=key,
                pack_index=index.to_bytes(),
                size=sum(map(len, chunks)),
                used_at=self.clock.now(),
            )
        )


@dataclass(frozen=True)
class CopiesOfSeries:
    """The packs of one prepared series, ready to read."""

    series_id: uuid.UUID
    revision: int
    data_key: DataKey
    packs: tuple[tuple[int, str, PackIndex], ...]
    """First frame k, object key, index."""

    @classmethod
    def of(cls, series_id: uuid.UUID, revision: int, data_key: DataKey, rows: list[WorkingPack]) -> CopiesOfSeries:
        packs = tuple((row.first_frame, row.object_key, PackIndex.from_bytes(row.pack_index)) for row in rows)
        return cls(series_id, revision, data_key, packs)

    def has(self, k: int) -> bool:
        """Whether frame k, from 1, has a copy."""
        return self.entry(k) is not None

    def entry(self, k: int) -> tuple[str, PackEntry] | None:
        for first, object_key, index in self.packs:
            if first <= k < first + len(index):
                entry = index[k - first]
                return None if entry.is_empty else (object_key, entry)
        return None


@dataclass(frozen=True, kw_only=True)
class WorkingCopies:
    """Decides which copies are still kept. Raises StoreUnavailable."""

    db: Database
    clock: Clock
    archive: SealedArchive
    keep: timedelta
    _marked: LruCache[tuple[uuid.UUID, int], bool] = field(default_factory=lambda: LruCache(4096))

    def read(self, copies: CopiesOfSeries, k: int) -> bytes:
        """The copy of frame k, which it has. Raises ObjectMissing when it was deleted meanwhile."""
        found = copies.entry(k)
        if found is None:
            raise ObjectMissing("no working copy")
        object_key, entry = found
        chunk = self.archive.read_entry(object_key, copies.revision, copies.data_key, entry)
        self.mark_used(copies.series_id)
        return chunk

    def remove_unused(self) -> int:
        """Delete packs that nobody needed for `keep`. Returns how many."""
        since = self.clock.now() - self.keep
        with self.db.read() as session:
            ids = [pack.id for pack in repo.unused(session, since, BATCH)]
        if not ids:
            return 0
        with self.db.session() as session:
            keys = repo.remove(session, ids, since)
        for key in keys:
            delete_pack(self.archive, key)
        return len(keys)

    def mark_used(self, series_id: uuid.UUID) -> None:
        """Note that the copies are needed, a few times a day and not for each frame."""
        now = self.clock.now()
        self._marked.computed(
            (series_id, int(now.timestamp() // MARKED_EVERY.total_seconds())), lambda: self._use(series_id)
        )

    def _use(self, series_id: uuid.UUID) -> bool:
        now = self.clock.now()
        touch(self.db, lambda session: repo.mark_used(session, series_id, now))
        return True


def copy_header(header: ImageHeader) -> ImageHeader:
    """The header under which a working copy of its frame is decoded. `header` holds the values of that frame alone."""
    return replace(header, transfer_syntax_uid=WORKING_COPY, words_swapped=False)

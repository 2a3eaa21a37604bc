"""Packs of pictures that are written before their rows. Those that no row names in the end are deleted: the store was
full, a frame could not be read, another worker was first. What packs hold is decided in `preparation` and
`working_copies`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from types import TracebackType

import structlog

from app.archive import keyspace
from app.archive.sealed import SealedArchive
from app.database import Database
from app.errors import CloudFilmError, DatabaseUnavailable
from app.repos.pictures import prepared

log = structlog.get_logger(__name__)


@dataclass(kw_only=True)
class NewPacks:
    """The packs of one study that a job writes. Use it as a context around writing and the commit of the rows.

    The rows decide at its end and not the exception: after a commit whose answer was lost, the packs may be named.
    Only a worker that is killed leaves packs without rows; `flask verify-archive` names them.
    """

    db: Database
    archive: SealedArchive
    study_id: uuid.UUID
    _keys: list[str] = field(default_factory=list)

    def key(self) -> str:
        """The object key of one more pack."""
        key = keyspace.rendition_object_key(self.study_id, uuid.uuid4())
        self._keys.append(key)
        return key

    def __enter__(self) -> NewPacks:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, _: TracebackType | None) -> None:
        if not self._keys:
            return
        try:
            with self.db.read() as session:
                named = prepared.object_keys(session, self.study_id, self.study_id)
        except DatabaseUnavailable as error:  # nobody knows which are named: an orphan costs space, but harms nothing
            log.warning("packs without rows may stay", study=self.study_id, exc_info=error)
            return
        for key in self._keys:
            if key not in named:
                delete_pack(self.archive, key)


def delete_pack(archive: SealedArchive, object_key: str) -> None:
    """Delete a pack that no row names (any more). Raises nothing: an orphan costs space, but harms nothing."""
    try:
        archive.store.delete(object_key)
    except CloudFilmError as error:
        log.warning("a pack that is not needed stays", exc_info=error)

"""Reads image headers anew that an older release read: it kept less of them than pictures need now.

A child process parses them (`app/imaging/header/stored_header.py`). A header that cannot be read, or that kills a
child, is set aside: the old one stays, and the others go on. Where frames lie in a file does not change; what ingest
found unfit to show stays so.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import structlog

from app.archive.sealed import DataKey, SealedArchive
from app.database import Database
from app.errors import RefusedObject, StoreUnavailable
from app.imaging.errors import ChildUnavailable
from app.imaging.header.image_header import READING, ImageHeader
from app.imaging.header.stored_header import (
    StoredAnswer,
    StoredBytes,
    StoredQuestion,
    StoredReader,
    Wanted,
    image_header_of,
)
from app.models import Instance
from app.repos.pictures import renewal as repo

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class HeaderRenewal:
    """Decides which stored headers are too old. Raises StoreUnavailable."""

    db: Database
    archive: SealedArchive
    reader: StoredReader

    def renew(self, instances: Sequence[Instance], data_key: DataKey) -> None:
        """Bring rows and `instances` up to date. Safe to repeat, and to be killed in between."""
        old = [item for item in instances if item.image_header and item.image_header.get("reading", 1) < READING]
        if not old:
            return
        asked = (self._question(instance, data_key) for instance in old)
        try:
            with closing(self.reader.stored_all(asked)) as answers:
                for instance, answer in zip(old, answers, strict=True):
                    header = _renewed(instance, answer)
                    if header is not None:
                        instance.image_header = header.to_json()
        except ChildUnavailable as error:
            raise StoreUnavailable("no header can be read now") from error
        with self.db.session() as session:
            for instance in old:
                repo.put_header(session, instance.id, instance.image_header or {})

    def _question(self, instance: Instance, data_key: DataKey) -> StoredBytes:
        before = ImageHeader.from_json(instance.image_header or {})
        key, version, offset = instance.object_key, instance.object_version, instance.pixel_offset
        if offset is None:  # deflated as a whole
            start = self.archive.open(key, version, data_key)
        else:
            start = self.archive.open_range(key, version, data_key, 0, offset, size=instance.size)
        head = None if offset is None else b""
        return StoredBytes(StoredQuestion(Wanted.IMAGE, before.pixel_keyword, before.transfer_syntax_uid, head), start)


def _renewed(instance: Instance, answer: StoredAnswer | Exception) -> ImageHeader | None:
    """None when the file does not give what it gave before: then the old header stays."""
    before = ImageHeader.from_json(instance.image_header or {})
    try:
        if isinstance(answer, Exception):
            raise answer
        return replace(image_header_of(answer), words_swapped=before.words_swapped)
    except RefusedObject as fault:
        log.warning("a header cannot be read anew", row=instance.id, exc_info=fault)
        return None

"""Reads image headers anew that an older release read: it kept less of them than pictures need now.

Where frames lie in a file does not change; what ingest found unfit to show stays so.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog

from app.archive.sealed import DataKey, SealedArchive
from app.database import Database
from app.dicom.part10 import HeaderLimits, parse
from app.errors import RefusedObject
from app.imaging.errors import ImagingError
from app.imaging.header.image_header import READING, ImageHeader
from app.imaging.header.reading import read_header
from app.models import Instance
from app.repos.pictures import renewal as repo

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class HeaderRenewal:
    """Decides which stored headers are too old. Raises StoreUnavailable."""

    db: Database
    archive: SealedArchive
    limits: HeaderLimits = field(default_factory=HeaderLimits)

    def renew(self, instances: Sequence[Instance], data_key: DataKey) -> None:
        """Bring rows and `instances` up to date. Safe to repeat, and to be killed in between."""
        old = [item for item in instances if item.image_header and item.image_header.get("reading", 1) < READING]
        for instance in old:
            header = self._read(instance, data_key)
            if header is not None:
                instance.image_header = header.to_json()
        if old:
            with self.db.session() as session:
                for instance in old:
                    repo.put_header(session, instance.id, instance.image_header or {})

    def _read(self, instance: Instance, data_key: DataKey) -> ImageHeader | None:
        """None when the file does not give what it gave before: then the old header stays."""
        before = ImageHeader.from_json(instance.image_header or {})
        key, version = instance.object_key, instance.object_version
        if instance.pixel_offset is None:  # deflated as a whole
            raw = self.archive.open(key, version, data_key)
        else:
            raw = self.archive.open_range(key, version, data_key, 0, instance.pixel_offset, size=instance.size)
        try:
            dataset = parse(io.BytesIO(raw), self.limits).dataset
            header = read_header(dataset, before.transfer_syntax_uid, before.pixel_keyword)
        except (RefusedObject, ImagingError) as fault:
            log.warning("a header cannot be read anew", row=instance.id, exc_info=fault)
            return None
        return replace(header, words_swapped=before.words_swapped)

"""Objects of a study that are no pictures, read from the archive in a child. How each kind is read is in
app/imaging/evidence; which are listed, and what is shown of them, is in `listing` and `objects`."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from app.archive.sealed import DataKey, SealedArchive
from app.errors import StoreUnavailable
from app.imaging.errors import ChildUnavailable
from app.imaging.evidence.kinds import EvidenceFault, EvidenceKind, SetAside, kind_of
from app.imaging.evidence.reading import Evidence
from app.models import Instance

MOST_BYTES = 96 * 1024 * 1024
"""Of one object, pixels apart. A larger one is listed and not read."""


class EvidenceReader(Protocol):
    """Answered by app/imaging/sandbox/header_pool in child processes."""

    def evidence(self, file: BinaryIO, kind: EvidenceKind) -> Evidence:
        """Raises SetAside, ChildUnavailable."""


@dataclass(frozen=True, kw_only=True)
class EvidenceReading:
    """Decides what is known of an object that is no picture. Raises StoreUnavailable."""

    archive: SealedArchive
    reader: EvidenceReader

    def read(self, instance: Instance, data_key: DataKey) -> Evidence:
        """What the object says. Raises SetAside, StoreUnavailable."""
        kind = kind_of(instance.sop_class_uid, instance.number_of_frames)
        if kind is None or kind == EvidenceKind.OTHER:
            raise SetAside(EvidenceFault.NO_WAY)
        place, end = (instance.object_key, instance.object_version, data_key), instance.pixel_offset
        if (instance.size if end is None else end) > MOST_BYTES:
            raise SetAside(EvidenceFault.TOO_LARGE)
        raw = self.archive.open(*place) if end is None else self.archive.open_range(*place, 0, end, size=instance.size)
        try:
            return self.reader.evidence(io.BytesIO(raw), kind)
        except ChildUnavailable:
            raise StoreUnavailable("no reader of headers is available") from None

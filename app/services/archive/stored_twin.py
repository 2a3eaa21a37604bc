"""Compares a stored instance with a received one of the same UID: is the stored one whole, do both have the same
content? services/ingest/plan.py decides what follows; app/dicom/same_content.py compares contents, in a child."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import structlog

from app.archive.sealed import DataKey, SealedArchive
from app.dicom.header_fields import ReceivedHeader
from app.dicom.same_content import Likeness
from app.dicom.status import MIB
from app.errors import ObjectMissing, RefusedObject, StoreUnavailable, UnsealError
from app.imaging.errors import ChildUnavailable
from app.imaging.header.examined import HeaderReader
from app.repos.ingest.known import KnownInstance
from app.services.archive.same_pixels import PixelComparison

log = structlog.get_logger(__name__)

_COMPARED_IN_MEMORY = 16 * MIB


def is_whole(archive: SealedArchive, twin: KnownInstance, key: DataKey) -> bool:
    return _read(archive, twin, key, lambda _: None)


@dataclass(frozen=True)
class Comparison:
    """`likeness` is never OTHER_CODING: where it matters, the pixels were decoded. `former` is the stored header, None
    when it does not matter any more or cannot be read."""

    likeness: Likeness
    former: ReceivedHeader | None = None


def compared(
    archive: SealedArchive,
    twin: KnownInstance,
    key: DataKey,
    file: BinaryIO,
    reader: HeaderReader,
    spool: Path,
    same_pixels: PixelComparison,
) -> Comparison:
    """OTHER also when the stored bytes are damaged: a doubt counts as a difference. A large object is copied to the
    folder `spool`. Raises StoreUnavailable when this folder fails, or when nothing can be read or decoded now."""
    try:
        with tempfile.SpooledTemporaryFile(_COMPARED_IN_MEMORY, dir=str(spool)) as spooled:
            stored = cast(BinaryIO, spooled)
            if not _read(archive, twin, key, stored.write):
                return Comparison(Likeness.OTHER)
            found = _likeness(reader, file, stored)
            if found == Likeness.OTHER_CODING:
                found = Likeness.SAME_PIXELS if same_pixels(file, stored) else Likeness.OTHER
            return Comparison(found, _header(reader, stored) if found == Likeness.SAME_PIXELS else None)
    except OSError as error:
        raise StoreUnavailable(f"the spool folder failed: {error.strerror}") from error
    except ChildUnavailable as error:
        raise StoreUnavailable("no header can be read now") from error


def _likeness(reader: HeaderReader, file: BinaryIO, stored: BinaryIO) -> Likeness:
    try:
        return reader.likeness(file, stored)
    except RefusedObject:
        return Likeness.OTHER  # to compare the two takes too much


def _header(reader: HeaderReader, file: BinaryIO) -> ReceivedHeader | None:
    try:
        return reader.examine(file).header
    except RefusedObject:
        return None  # taken under other rules than today's


def _read(archive: SealedArchive, twin: KnownInstance, key: DataKey, take: Callable[[bytes], object]) -> bool:
    """Whether the stored bytes are whole. Each piece of them is passed to `take`."""
    try:
        for piece in archive.stream(twin.object_key, twin.object_version, key):
            take(piece)
    except (ObjectMissing, UnsealError) as error:
        log.error("a stored object is damaged or gone", exc_info=error)
        return False
    return True

"""Compares a stored instance with a received one of the same UID: is the stored one whole, do both have the same
content? services/ingest/plan.py decides what follows; app/dicom/same_content.py compares contents."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import structlog

from app.archive.sealed import DataKey, SealedArchive
from app.dicom.part10 import HeaderLimits
from app.dicom.same_content import same_instance
from app.dicom.status import MIB
from app.errors import ObjectMissing, StoreUnavailable, UnsealError
from app.repos.ingest.known import KnownInstance

log = structlog.get_logger(__name__)

_COMPARED_IN_MEMORY = 16 * MIB


def is_whole(archive: SealedArchive, twin: KnownInstance, key: DataKey) -> bool:
    return _read(archive, twin, key, lambda _: None)


def holds_the_same(
    archive: SealedArchive,
    twin: KnownInstance,
    key: DataKey,
    file: BinaryIO,
    limits: HeaderLimits,
    spool: Path,
) -> bool:
    """False also when the stored bytes are damaged: a doubt counts as a difference. A large object is copied to the
    folder `spool`. Raises StoreUnavailable when this folder fails."""
    try:
        with tempfile.SpooledTemporaryFile(_COMPARED_IN_MEMORY, dir=str(spool)) as stored:
            whole = _read(archive, twin, key, stored.write)
            return whole and same_instance(file, cast(BinaryIO, stored), limits)
    except OSError as error:
        raise StoreUnavailable(f"the spool folder failed: {error.strerror}") from error


def _read(archive: SealedArchive, twin: KnownInstance, key: DataKey, take: Callable[[bytes], object]) -> bool:
    """Whether the stored bytes are whole. Each piece of them is passed to `take`."""
    try:
        for piece in archive.stream(twin.object_key, twin.object_version, key):
            take(piece)
    except (ObjectMissing, UnsealError) as error:
        log.error("a stored object is damaged or gone", exc_info=error)
        return False
    return True

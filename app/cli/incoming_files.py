"""Reads files, folders and zip archives as incoming objects. A name in an archive is never used as a path.

Storing the objects is in app/services/ingest.
"""

from __future__ import annotations

import io
import os
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO, cast

from app.dicom.refusals import Refusal
from app.dicom.status import CANNOT_UNDERSTAND, MIB, OUT_OF_RESOURCES
from app.errors import RefusedObject, StoreUnavailable
from app.services.ingest.incoming import IncomingObject

_IN_MEMORY_BYTES = 8 * MIB
_COPY_BYTES = 256 * 1024
_PACKED_IN_STEPS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How a member may be packed. Python unpacks the other ways in one step, whatever that becomes."""
UNREADABLE_ZIP = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError)
"""What `zipfile` raises for a directory that it cannot read."""


@dataclass(frozen=True)
class ZipLimits:
    """Limits of zip archives. When a member exceeds its limit, the part that was read goes to quarantine. An archive
    that exceeds its limit goes there unopened."""

    members: int = 100_000
    member_bytes: int = 2048 * MIB
    total_bytes: int = 64 * 1024 * MIB
    directory_bytes: int = 16 * MIB
    """Of the archive's list of members: Python makes twenty times as much of it before it can be counted."""
    ratio: int = 200
    """The most plain bytes for a packed byte, when a member is larger than 16 MiB. Real images reach about 20."""


def count(paths: Iterable[Path]) -> int:
    """How many objects `find` will yield, for a progress bar."""
    return sum(_member_count(path) for path in _files(paths))


def find(paths: Iterable[Path], limits: ZipLimits | None = None, spool: Path | None = None) -> Iterator[IncomingObject]:
    """Every file in `paths`; folders are walked in order, zips are opened. The caller closes each object's file.

    An unreadable file comes with a fault. Large members are in unnamed files in `spool`, not in a folder that everybody
    may write to. Raises FileNotFoundError for a missing path, StoreUnavailable when there is no room for a member.
    """
    limits = limits or ZipLimits()
    for path in _files(paths):
        if _is_zip(path):
            yield from _zip_objects(path, limits, str(spool) if spool else None)
        else:
            yield _file_object(path)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            closed: list[OSError] = []
            for folder, folders, names in os.walk(path, onerror=closed.append):
                folders.sort()
                yield from (Path(folder, name) for name in sorted(names))
            yield from (Path(fault.filename) for fault in closed)
        elif path.exists():
            yield path
        else:
            raise FileNotFoundError(path)


def _file_object(path: Path) -> IncomingObject:
    try:
        if _is_regular(path):
            return IncomingObject(path.open("rb"), str(path))
    except OSError:
        pass
    return IncomingObject(io.BytesIO(), str(path), RefusedObject(Refusal.FILE_UNREADABLE, CANNOT_UNDERSTAND))


def _is_zip(path: Path) -> bool:
    # zipfile looks at the last bytes, but a DICOM file may have any last bytes. So the first bytes decide.
    try:
        if not _is_regular(path):
            return False
        with path.open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    except OSError:
        return False


def _is_regular(path: Path) -> bool:
    # Ask before opening: to open a pipe would wait for its writer.
    return stat.S_ISREG(path.stat().st_mode)


def _member_count(path: Path) -> int:
    if not _is_zip(path):
        return 1
    try:
        with _BoundedReads(path, ZipLimits.directory_bytes) as file:
            return sum(not member.is_dir() for member in zipfile.ZipFile(file).infolist())
    except (*UNREADABLE_ZIP, RefusedObject):
        return 1


def _zip_objects(path: Path, limits: ZipLimits, spool: str | None) -> Iterator[IncomingObject]:
    with _BoundedReads(path, limits.directory_bytes) as packed:
        try:
            archive = zipfile.ZipFile(packed)
            members = _members(archive, limits)
        except UNREADABLE_ZIP:
            yield _unopened(path, RefusedObject(Refusal.ZIP_UNREADABLE, CANNOT_UNDERSTAND))
            return
        except RefusedObject as fault:
            yield _unopened(path, fault)
            return
        for member in members:
            file = cast(BinaryIO, tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=spool))  # noqa: SIM115 - the caller's
            try:
                fault_of_member = _unpack(archive, member, file, limits)
            except StoreUnavailable:
                file.close()
                raise
            yield IncomingObject(file, f"{path}:{member.filename!r}", fault_of_member)


def _unopened(path: Path, fault: RefusedObject) -> IncomingObject:
    """The archive itself, kept whole."""
    return IncomingObject(path.open("rb"), str(path), fault)


def _members(archive: zipfile.ZipFile, limits: ZipLimits) -> list[zipfile.ZipInfo]:
    """Raises RefusedObject for an archive past its limits, as far as its list of members tells."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > limits.members or sum(member.file_size for member in members) > limits.total_bytes:
        raise RefusedObject(Refusal.ZIP_TOO_LARGE, OUT_OF_RESOURCES)
    return members


class _BoundedReads(io.BufferedReader):
    """A file of which at most so many bytes are read at once. `zipfile` reads the list of members at once."""

    def __init__(self, path: Path, most: int) -> None:
        super().__init__(io.FileIO(path))
        self._most = most

    def read(self, size: int | None = -1, /) -> bytes:
        """Raises RefusedObject."""
        if size is not None and size > self._most:
            raise RefusedObject(Refusal.ZIP_TOO_LARGE, OUT_OF_RESOURCES)
        return super().read(size)


def _unpack(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: BinaryIO, limits: ZipLimits
) -> RefusedObject | None:
    """Copy the member into `file` and return its fault, or None. Raises StoreUnavailable."""
    fault = None
    try:
        _copy_member(archive, member, file, limits)
    except RefusedObject as refused:
        fault = refused
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError):
        # RuntimeError: the member is encrypted.
        fault = RefusedObject(Refusal.MEMBER_UNREADABLE, CANNOT_UNDERSTAND)
    if not _is_inside(member.filename):
        fault = RefusedObject(Refusal.MEMBER_NAME_UNSAFE, CANNOT_UNDERSTAND)
    return fault


def _copy_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: BinaryIO, limits: ZipLimits) -> None:
    if member.compress_type not in _PACKED_IN_STEPS:
        raise RefusedObject(Refusal.MEMBER_UNREADABLE, CANNOT_UNDERSTAND)
    # Sizes in the archive are only claims, so the unpacked bytes are counted.
    by_ratio = max(limits.ratio * member.compress_size, 16 * MIB)
    size = 0
    with archive.open(member) as packed:
        while block := packed.read(_COPY_BYTES):
            size += len(block)
            if size > min(limits.member_bytes, by_ratio):
                raise RefusedObject(Refusal.MEMBER_TOO_LARGE, OUT_OF_RESOURCES)
            _write(file, block)


def _write(file: BinaryIO, block: bytes) -> None:
    try:
        file.write(block)
    except OSError as error:  # the folder is at fault, not the member
        raise StoreUnavailable("the spool folder failed") from error


def _is_inside(name: str) -> bool:
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    return not (posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts or "\x00" in name)

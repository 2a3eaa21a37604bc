"""The whole header of a stored instance, elements behind the pixels included: its metadata, its bulk data, and what
lies around its pixels.

Bytes are opened here; a child process parses them (`app/imaging/header/stored_header.py`), within its memory and time.
What cannot be read is named and never breaks an answer: of an object that cannot be opened or parsed, or whose header
kills a child, the index tells what it knows. A store that does not answer now, or no child at all, is another matter:
the caller should come again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import BinaryIO, TypeVar, cast

import structlog

from app.archive.opened_file import OpenedFile
from app.archive.sealed import SealedArchive
from app.dicom.behind_pixels import bytes_behind
from app.dicom.json_metadata import Metadata, to_json
from app.dicom.part10 import HeaderLimits
from app.dicom.pixel_element import HEAD_BYTES, read_pixel_head
from app.errors import ObjectMissing, RefusedObject, StoreUnavailable, UnsealError
from app.imaging.errors import ChildUnavailable
from app.imaging.header.frame_index import FrameIndex
from app.imaging.header.stored_header import (
    StoredAnswer,
    StoredBytes,
    StoredQuestion,
    StoredReader,
    Wanted,
    uids_of,
)
from app.models import Instance
from app.services.dicomweb.stored_answers import AroundPixels, around_of, bulk_of, metadata_of
from app.services.dicomweb.stored_instance import StoredInstance

log = structlog.get_logger(__name__)

WHOLE_OBJECT = "the whole object"
_Found = TypeVar("_Found")
_UNREADABLE = (RefusedObject, ObjectMissing, UnsealError)


@dataclass(frozen=True, kw_only=True)
class StoredHeaders:
    """Asks for headers of the archive. Raises StoreUnavailable."""

    archive: SealedArchive
    reader: StoredReader
    limits: HeaderLimits = field(default_factory=HeaderLimits)

    def metadata(self, found: StoredInstance, address: str) -> Metadata:
        """The metadata of one instance. `address`: of its bulk data, before the path of the element."""
        [made] = self.metadata_of_all([found], lambda _: address)
        return made

    def metadata_of_all(
        self, found: list[StoredInstance], address_of: Callable[[StoredInstance], str]
    ) -> Generator[Metadata]:
        """The metadata of each, in order; some are read ahead."""
        asked = (self._bytes_or_fault(item, address_of(item)) for item in found)
        with _child_needed(), closing(self.reader.stored_all(asked)) as answers:
            for item, answer in zip(found, answers, strict=True):
                yield _made(item, answer)

    def bulk(self, found: StoredInstance, path: str) -> bytes | None:
        """The bytes of the element at a path, in little endian; None when no such element holds bytes, or the object
        cannot be read."""
        return dict(self._asked(found, Wanted.BULK, path, bulk_of) or ()).get(path)

    def all_bulk(self, found: StoredInstance) -> list[tuple[str, bytes]]:
        """Path and bytes of each element whose value metadata gives by its address, pixels apart."""
        return self._asked(found, Wanted.BULK, "", bulk_of) or []

    def around_pixels(self, found: StoredInstance, colour_space: str) -> AroundPixels | None:
        """What lies around the pixels in Explicit VR Little Endian; None when not all of it can be read. `colour_space`
        replaces what the header says of the pixels, where they were decoded; else empty."""
        return self._asked(found, Wanted.EXPLICIT, colour_space, around_of)

    def _asked(
        self, found: StoredInstance, wanted: Wanted, about: str, read: Callable[[StoredAnswer], _Found]
    ) -> _Found | None:
        try:
            with _child_needed():
                return read(self.reader.stored(self._bytes(found, wanted, about)))
        except _UNREADABLE as error:
            log.error("a stored object cannot be read", row=found.row.id, exc_info=error)
            return None

    def _bytes_or_fault(self, found: StoredInstance, address: str) -> StoredBytes | Exception:
        try:
            return self._bytes(found, Wanted.METADATA, address)
        except _UNREADABLE as error:
            return error

    def _bytes(self, found: StoredInstance, wanted: Wanted, about: str) -> StoredBytes:
        """What a child needs to answer. Raises the errors of opening an object, and RefusedObject."""
        row = found.row
        place = (row.object_key, row.object_version, found.data_key)
        if row.pixel_offset is None:
            return StoredBytes(question_of(found, wanted, about, None), self.archive.open(*place))
        start = self.archive.open_range(*place, 0, min(row.pixel_offset + HEAD_BYTES, row.size), size=row.size)
        start, head = start[: row.pixel_offset], start[row.pixel_offset :]
        question = question_of(found, wanted, about, head)
        try:
            return StoredBytes(question, start, self._behind(found, row.pixel_offset, head))
        except RefusedObject:
            return StoredBytes(replace(question, behind_is_lost=True), start)

    def _behind(self, found: StoredInstance, offset: int, head: bytes) -> bytes:
        row = found.row
        read = read_pixel_head(head, row.transfer_syntax_uid)
        if read.length is not None and offset + read.start + read.length >= row.size:
            return b""  # nearly always, so it costs no other read
        file = OpenedFile(self.archive, row.object_key, row.object_version, found.data_key, row.size)
        skip = 0 if read.length is not None else _end_of_last_frame(row)
        return bytes_behind(cast(BinaryIO, file), offset, row.transfer_syntax_uid, self.limits, skip)


def _made(found: StoredInstance, answer: StoredAnswer | Exception) -> Metadata:
    try:
        if isinstance(answer, Exception):
            raise answer
        made = metadata_of(answer)
    except _UNREADABLE as error:
        log.error("a stored object cannot be read", row=found.row.id, exc_info=error)
        return _of_index(found)
    if made.left_out:
        log.warning("elements are left out of metadata", row=found.row.id)
    return made


@contextmanager
def _child_needed() -> Iterator[None]:
    try:
        yield
    except ChildUnavailable as error:
        raise StoreUnavailable("no header can be read now") from error


def question_of(found: StoredInstance, wanted: Wanted, about: str, pixel_head: bytes | None) -> StoredQuestion:
    return StoredQuestion(
        wanted,
        about,
        found.row.transfer_syntax_uid,
        pixel_head,
        sop_class_uid=found.row.sop_class_uid,
        sop_uid=found.sop_uid,
        study_uid=found.study_uid,
        series_uid=found.series_uid,
    )


def _end_of_last_frame(row: Instance) -> int:
    """0 when the frames have no index."""
    frames = FrameIndex.from_bytes(row.frame_index).frames if row.frame_index else ()
    return max((start + length for pieces in frames for start, length in pieces), default=0)


def _of_index(found: StoredInstance) -> Metadata:
    """What the database knows of an instance, without a word about the patient. Nothing of the object is parsed."""
    dataset = uids_of(question_of(found, Wanted.METADATA, "", None))
    dataset.InstanceNumber = found.row.instance_number
    return to_json(dataset, found.row.transfer_syntax_uid, None, str, (WHOLE_OBJECT,))

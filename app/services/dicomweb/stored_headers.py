"""The whole header of a stored instance, elements behind the pixels included, and its metadata.

What cannot be read is named and never breaks an answer: of an object that cannot be opened or parsed the index tells
what it knows. A store that does not answer now is another matter: the caller should come again.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, cast

import structlog
from pydicom.dataset import Dataset

from app.archive.opened_file import OpenedFile
from app.archive.sealed import SealedArchive
from app.dicom.behind_pixels import elements_behind, elements_behind_deflated
from app.dicom.json_metadata import PIXEL_ELEMENTS, Metadata, to_json
from app.dicom.part10 import HeaderLimits, ParsedFile, parse
from app.dicom.pixel_element import HEAD_BYTES, read_pixel_head
from app.dicom.pixel_tags import PIXEL_TAGS
from app.errors import ObjectMissing, RefusedObject, UnsealError
from app.imaging.header.frame_index import FrameIndex
from app.models import Instance
from app.services.dicomweb.stored_instance import StoredInstance

log = structlog.get_logger(__name__)

BEHIND_PIXELS = "behind the pixels"
WHOLE_OBJECT = "the whole object"
_VRS = {"FloatPixelData": "OF", "DoubleFloatPixelData": "OD"}


@dataclass(frozen=True)
class StoredHeader:
    """`pixels`: tag and VR of the pixel element. `left_out`: what could not be read."""

    dataset: Dataset
    pixels: tuple[str, str] | None
    left_out: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StoredHeaders:
    """Reads headers from the archive. Raises StoreUnavailable."""

    archive: SealedArchive
    limits: HeaderLimits = field(default_factory=HeaderLimits)

    def metadata(self, found: StoredInstance, address_of: Callable[[str], str]) -> Metadata:
        """The metadata of one instance. `address_of`: the address of the bulk data at a path."""
        header = self.read(found)
        made = to_json(
            header.dataset, found.row.transfer_syntax_uid, header.pixels, address_of, left_out=header.left_out
        )
        if made.left_out:
            log.warning("elements are left out of metadata", row=found.row.id)
        return made

    def read(self, found: StoredInstance) -> StoredHeader:
        """The header; of an object that cannot be read, only what the index knows."""
        try:
            return self._read(found)
        except (RefusedObject, ObjectMissing, UnsealError) as error:
            log.error("a stored object cannot be read", row=found.row.id, exc_info=error)
            return StoredHeader(_of_index(found), None, (WHOLE_OBJECT,))

    def _read(self, found: StoredInstance) -> StoredHeader:
        row = found.row
        place = (row.object_key, row.object_version, found.data_key)
        whole = row.pixel_offset is None
        start = (
            self.archive.open(*place)
            if row.pixel_offset is None
            else self.archive.open_range(*place, 0, min(row.pixel_offset + HEAD_BYTES, row.size), size=row.size)
        )
        parsed = parse(io.BytesIO(start if whole else start[: row.pixel_offset]), self.limits)
        dataset, left_out = parsed.dataset, list[str]()
        try:
            for tag, element in self._behind(found, parsed, start).items():
                dataset[tag] = element
        except RefusedObject:
            left_out.append(BEHIND_PIXELS)
        dataset.update(_uids(found))  # some files have a UID in their meta information only
        return StoredHeader(dataset, _pixels(row, parsed, start), tuple(left_out))

    def _behind(self, found: StoredInstance, parsed: ParsedFile, start: bytes) -> Dataset:
        row, order = found.row, parsed.dataset.original_encoding
        encoding = (bool(order[0]), order[1] is not False)
        if row.pixel_offset is None:
            is_deflated = parsed.pixel_tag is not None
            return elements_behind_deflated(start, encoding, self.limits) if is_deflated else Dataset()
        head = read_pixel_head(start[row.pixel_offset :], row.transfer_syntax_uid)
        if head.length is not None and row.pixel_offset + head.start + head.length >= row.size:
            return Dataset()  # nearly always, so it costs no other read
        file = OpenedFile(self.archive, row.object_key, row.object_version, found.data_key, row.size)
        skip = 0 if head.length is not None else _end_of_last_frame(row)
        return elements_behind(
            cast(BinaryIO, file), row.pixel_offset, row.transfer_syntax_uid, encoding, self.limits, skip
        )


def _end_of_last_frame(row: Instance) -> int:
    """0 when the frames have no index."""
    frames = FrameIndex.from_bytes(row.frame_index).frames if row.frame_index else ()
    return max((start + length for pieces in frames for start, length in pieces), default=0)


def _pixels(row: Instance, parsed: ParsedFile, start: bytes) -> tuple[str, str] | None:
    """Tag and VR of the pixel element as the answer names them (PS3.5 A.1 to A.4): fragments are OB, whatever the file
    says; implicit pixels are OW."""
    if row.pixel_offset is None:
        name = PIXEL_TAGS[parsed.pixel_tag] if parsed.pixel_tag is not None else None
        return (PIXEL_ELEMENTS[name], _VRS.get(name, "OW")) if name else None
    head = start[row.pixel_offset :]
    order: Literal["big", "little"] = "big" if parsed.dataset.original_encoding[1] is False else "little"
    tag = int.from_bytes(head[:2], order) << 16 | int.from_bytes(head[2:4], order)
    name = PIXEL_TAGS.get(tag)
    if name is None:
        return None
    found = read_pixel_head(head, row.transfer_syntax_uid)
    if found.is_encapsulated:
        return PIXEL_ELEMENTS[name], "OB"
    stated = found.vr if found.vr in ("OB", "OW") else "OW"
    return PIXEL_ELEMENTS[name], _VRS.get(name, stated)


def _uids(found: StoredInstance) -> Dataset:
    dataset = Dataset()
    dataset.set_original_encoding(False, True)
    dataset.SOPClassUID, dataset.SOPInstanceUID = found.row.sop_class_uid, found.sop_uid
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = found.study_uid, found.series_uid
    return dataset


def _of_index(found: StoredInstance) -> Dataset:
    """What the database knows of an instance, without a word about the patient."""
    dataset = _uids(found)
    dataset.InstanceNumber = found.row.instance_number
    return dataset

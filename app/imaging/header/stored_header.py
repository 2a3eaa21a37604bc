"""What is asked of the header of a stored object, and the answers: metadata, bulk data, the elements around the pixels,
and the image header.

`StoredReader` is what services ask. app/imaging/sandbox/header_pool answers it in child processes, with `answer_of`.
Where the object lies and how it is opened, app/services/dicomweb/stored_headers knows.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, BinaryIO, Literal, Protocol

from pydicom.dataset import Dataset

from app.dicom.behind_pixels import elements_behind_deflated, elements_of
from app.dicom.bulk_values import bulk_paths, bulk_value
from app.dicom.directory import keys_in
from app.dicom.explicit_little_endian import around_pixels, file_head
from app.dicom.json_metadata import INLINE_BYTES, PIXEL_ELEMENTS, to_json
from app.dicom.part10 import HeaderLimits, ParsedFile, parse
from app.dicom.pixel_element import read_pixel_head
from app.dicom.pixel_tags import PIXEL_TAGS
from app.dicom.refusals import Refusal
from app.dicom.status import CANNOT_UNDERSTAND, OUT_OF_RESOURCES
from app.errors import RefusedObject
from app.imaging.errors import ImagingError
from app.imaging.header.image_header import ImageHeader
from app.imaging.header.reading import read_header

BEHIND_PIXELS = "behind the pixels"
MOST_ANSWER_BYTES = 240 * 1024 * 1024
"""Of one answer: a header of 256 MiB may become more text than that. Less than `messages.MAX_ANSWER_BYTES`."""
_VRS = {"FloatPixelData": "OF", "DoubleFloatPixelData": "OD"}


class Wanted(StrEnum):
    """What a question asks for."""

    METADATA = "metadata"
    """DICOM JSON; the address of bulk data is `about` and the path of its element."""
    BULK = "bulk"
    """The bytes of the element at the path `about`, or of all elements that metadata gives by address."""
    EXPLICIT = "explicit"
    """What lies around the pixels of a file in Explicit VR Little Endian; `about` is the colour space of its pixels,
    or empty when the header says it rightly."""
    DIRECTORY = "directory"
    """What a DICOMDIR says of it, as DICOM JSON: few elements and no long ones, whatever the header holds."""
    IMAGE = "image"
    """The image header; `about` is the keyword of the pixel element."""


@dataclass(frozen=True)
class StoredQuestion:
    """`pixel_head`: the first bytes of the pixel element; None for a file without one, or deflated as a whole. The UIDs
    are those of the rows: some files have a UID in their meta information only."""

    wanted: Wanted
    about: str
    transfer_syntax_uid: str
    pixel_head: bytes | None
    sop_class_uid: str = ""
    sop_uid: str = ""
    study_uid: str = ""
    series_uid: str = ""
    behind_is_lost: bool = False
    """What lies behind the pixels could not be found."""

    def to_bytes(self) -> bytes:
        head = None if self.pixel_head is None else self.pixel_head.hex()
        return json.dumps(asdict(self) | {"pixel_head": head}).encode()

    @staticmethod
    def from_bytes(said: bytes) -> StoredQuestion:
        plain = json.loads(said)
        head = plain["pixel_head"]
        kind = {"wanted": Wanted(plain["wanted"]), "pixel_head": None if head is None else bytes.fromhex(head)}
        return StoredQuestion(**plain | kind)


@dataclass(frozen=True)
class StoredBytes:
    """One question with the bytes that it is about. `start`: the file before its pixel element, or all of it. `behind`:
    what lies behind the pixels, mostly nothing."""

    question: StoredQuestion
    start: bytes
    behind: bytes = b""


@dataclass(frozen=True)
class StoredAnswer:
    """`plain`: values as JSON has them. `data`: text or bytes, as the question asks. Both may be anything that the
    sender wrote, or whatever a child says that a header broke: who asked checks it."""

    plain: dict[str, Any]
    data: bytes = b""


class StoredReader(Protocol):
    """Answers questions about headers of stored objects, anybody's."""

    def stored(self, asked: StoredBytes) -> StoredAnswer:
        """Raises RefusedObject, and ChildUnavailable when nothing can be read now."""

    def stored_all(self, asked: Iterable[StoredBytes | Exception]) -> Generator[StoredAnswer | Exception]:
        """The answer to each question, or why there is none, in order; some are read ahead. An exception stands for
        what could not be opened, and is given back. Raises ChildUnavailable."""


def answer_of(question: StoredQuestion, start: BinaryIO, behind: bytes, limits: HeaderLimits) -> StoredAnswer:
    """Read it here and now. Raises RefusedObject, and MemoryError: that says nothing of the object."""
    try:
        found = _answer(question, start, behind, replace(limits, file_bytes=HeaderLimits.file_bytes))
    except (RefusedObject, MemoryError):
        raise
    except (Exception, RecursionError):  # odd values may raise anything
        raise RefusedObject(Refusal.HEADER_UNREADABLE, CANNOT_UNDERSTAND) from None
    if len(found.data) > MOST_ANSWER_BYTES:
        raise RefusedObject(Refusal.HEADER_TOO_LARGE, OUT_OF_RESOURCES)
    return found


def _answer(question: StoredQuestion, start: BinaryIO, behind: bytes, limits: HeaderLimits) -> StoredAnswer:
    parsed = parse(start, limits)
    if question.wanted is Wanted.IMAGE:
        return _image(question, parsed)
    if question.wanted is Wanted.DIRECTORY:
        told = to_json(keys_in(parsed.dataset), question.transfer_syntax_uid, None, lambda path: path, ())
        return StoredAnswer({}, told.text.encode())
    dataset, left_out = parsed.dataset, [BEHIND_PIXELS] if question.behind_is_lost else []
    try:
        for tag, element in _behind(question, parsed, start, behind, limits).items():
            dataset[tag] = element
    except RefusedObject:
        left_out.append(BEHIND_PIXELS)
    dataset.update(uids_of(question))
    if question.wanted is Wanted.BULK:
        return _bulk(dataset, question.about)
    pixels = _pixels(question, parsed)
    if question.wanted is Wanted.EXPLICIT:
        return _explicit(question, parsed, pixels, left_out)
    made = to_json(dataset, question.transfer_syntax_uid, pixels, lambda path: question.about + path, tuple(left_out))
    return StoredAnswer({"left_out": made.left_out}, made.text.encode())


def uids_of(question: StoredQuestion) -> Dataset:
    dataset = Dataset()
    dataset.set_original_encoding(False, True)
    dataset.SOPClassUID, dataset.SOPInstanceUID = question.sop_class_uid, question.sop_uid
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = question.study_uid, question.series_uid
    return dataset


def _behind(
    question: StoredQuestion, parsed: ParsedFile, start: BinaryIO, behind: bytes, limits: HeaderLimits
) -> Dataset:
    order = parsed.dataset.original_encoding
    encoding = (bool(order[0]), order[1] is not False)
    if question.pixel_head is not None:
        return elements_of(behind, encoding, limits)
    if parsed.pixel_tag is None:
        return Dataset()
    start.seek(0)
    return elements_behind_deflated(start.read(), encoding, limits)


def _image(question: StoredQuestion, parsed: ParsedFile) -> StoredAnswer:
    try:
        header = read_header(parsed.dataset, question.transfer_syntax_uid, question.about)
    except ImagingError:
        return StoredAnswer({"header": None})
    return StoredAnswer({"header": header.to_json()})


def _bulk(dataset: Dataset, path: str) -> StoredAnswer:
    paths = [path] if path else list(bulk_paths(dataset, INLINE_BYTES + 1))
    found = [(path, value) for path in paths if (value := bulk_value(dataset, path)) is not None]
    if sum(len(value) for _, value in found) > MOST_ANSWER_BYTES:
        raise RefusedObject(Refusal.HEADER_TOO_LARGE, OUT_OF_RESOURCES)
    lengths = [[path, len(value)] for path, value in found]
    return StoredAnswer({"values": lengths}, b"".join(value for _, value in found))


def _explicit(
    question: StoredQuestion, parsed: ParsedFile, pixels: tuple[str, str] | None, left_out: list[str]
) -> StoredAnswer:
    if question.about:
        parsed.dataset.PhotometricInterpretation = question.about
        parsed.dataset.PlanarConfiguration = 0
    head = file_head(parsed.dataset.file_meta, question.sop_class_uid, question.sop_uid)
    before, behind = around_pixels(parsed.dataset)
    plain = {"pixels": pixels, "left_out": left_out, "before": len(head) + len(before)}
    return StoredAnswer(plain, head + before + behind)


def _pixels(question: StoredQuestion, parsed: ParsedFile) -> tuple[str, str] | None:
    """Tag and VR of the pixel element as the answer names them (PS3.5 A.1 to A.4): fragments are OB, whatever the file
    says; implicit pixels are OW."""
    if question.pixel_head is None:
        name = PIXEL_TAGS[parsed.pixel_tag] if parsed.pixel_tag is not None else None
        return (PIXEL_ELEMENTS[name], _VRS.get(name, "OW")) if name else None
    head = question.pixel_head
    order: Literal["big", "little"] = "big" if parsed.dataset.original_encoding[1] is False else "little"
    tag = int.from_bytes(head[:2], order) << 16 | int.from_bytes(head[2:4], order)
    name = PIXEL_TAGS.get(tag)
    if name is None:
        return None
    found = read_pixel_head(head, question.transfer_syntax_uid)
    if found.is_encapsulated:
        return PIXEL_ELEMENTS[name], "OB"
    stated = found.vr if found.vr in ("OB", "OW") else "OW"
    return PIXEL_ELEMENTS[name], _VRS.get(name, stated)


def image_header_of(answer: StoredAnswer) -> ImageHeader:
    """The image header that was asked for, its shape checked. Raises RefusedObject, also when the object gives none."""
    if answer.plain.get("header") is None:
        raise RefusedObject(Refusal.HEADER_UNREADABLE, CANNOT_UNDERSTAND)
    try:
        return ImageHeader.from_child(answer.plain["header"])
    except (ValueError, LookupError, TypeError, AttributeError):
        raise RefusedObject(Refusal.READING_CRASHES, CANNOT_UNDERSTAND) from None

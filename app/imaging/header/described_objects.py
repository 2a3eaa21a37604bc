"""What is asked about objects that come as metadata in JSON or XML: which there are in a part, and the file of one.

`DescribedReader` is what the ingest service asks. app/imaging/sandbox/header_pool answers it in child processes, with
`answer_described`. How metadata become a file is in app/dicom/from_metadata; what came is put together in
app/services/ingest/described.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Protocol

from app.dicom.from_metadata import addresses_of, file_of, models_of, pixels_of
from app.dicom.refusals import Refusal
from app.dicom.status import CANNOT_UNDERSTAND, OUT_OF_RESOURCES
from app.errors import InvalidInput, RefusedObject
from app.imaging.header.stored_header import MOST_ANSWER_BYTES, StoredAnswer

MARK = "described"
"""The key that tells such a question from those about stored objects."""
_LENGTH = struct.Struct(">Q")


class DescribedReader(Protocol):
    """Answers questions about metadata that came in, anybody's."""

    def described(self, question: bytes, files: Sequence[BinaryIO]) -> StoredAnswer:
        """Raises RefusedObject, and ChildUnavailable when nothing can be read now."""


def question_of_part(*, is_xml: bool) -> bytes:
    """Which objects are there? The file is the text. The answer: `objects`, a list of length in `data`, addresses of
    bulk data, and tag and address of the pixels or None; `objects` is None when the text is none of the kind."""
    return json.dumps({MARK: "part", "is_xml": is_xml}).encode()


def question_of_object(pixel_syntax: str | None) -> bytes:
    """The file of one object? The files are its JSON and what `packed` makes. The answer: `before`, the length of the
    bytes before the pixels in `data`, and `pixels`: tag, VR and whether they are compressed, or None."""
    return json.dumps({MARK: "object", "pixel_syntax": pixel_syntax}).encode()


def is_about_described(question: bytes) -> bool:
    return question.startswith(b'{"' + MARK.encode() + b'"')


def packed_names(lengths: Mapping[str, int]) -> bytes:
    """What stands before the values of bulk data: addresses and lengths in their order."""
    names = json.dumps(list(lengths.items())).encode()
    return _LENGTH.pack(len(names)) + names


def answer_described(question: bytes, files: Sequence[BinaryIO]) -> StoredAnswer:
    """Read it here and now. Raises RefusedObject, and MemoryError: that says nothing of the object."""
    asked = json.loads(question)
    try:
        answer = _part(files[0].read(), asked["is_xml"]) if asked[MARK] == "part" else _object(files, asked)
    except (RefusedObject, MemoryError):
        raise
    except (Exception, RecursionError):  # odd values may raise anything
        raise RefusedObject(Refusal.NOT_DICOM_PART, CANNOT_UNDERSTAND) from None
    if len(answer.data) > MOST_ANSWER_BYTES:
        raise RefusedObject(Refusal.HEADER_TOO_LARGE, OUT_OF_RESOURCES)
    return answer


def _part(text: bytes, is_xml: bool) -> StoredAnswer:
    try:
        models = models_of(text, is_xml=is_xml)
    except InvalidInput:
        return StoredAnswer({"objects": None})
    objects, written = [], []
    for model in models:
        written.append(json.dumps(model).encode())
        objects.append([len(written[-1]), sorted(set(addresses_of(model))), pixels_of(model)])
    return StoredAnswer({"objects": objects}, b"".join(written))


def _object(files: Sequence[BinaryIO], asked: Mapping[str, Any]) -> StoredAnswer:
    made = file_of(json.load(files[0]), _unpacked(files[1]), asked["pixel_syntax"])
    pixels = [made.pixels.tag, made.pixels.vr, made.pixels.is_compressed] if made.pixels else None
    return StoredAnswer({"before": len(made.before), "pixels": pixels}, made.before + made.behind)


def _unpacked(file: BinaryIO) -> dict[str, bytes]:
    (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
    return {address: file.read(size) for address, size in json.loads(file.read(length))}

"""Metadata in DICOM JSON or XML, with bulk data apart -> Part-10 files (PS3.18 8.6.1.2.2, PS3.10 7).

The sender is not trusted: every fault ends as RefusedObject, and conversions run in a child that reads headers. Pixels
that came apart never pass through it: who asks writes them between the bytes `before` and `behind`, with
`write_pixels`. What the object then is worth is judged like that of any other file, in `part10`.
"""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from pydicom import Dataset, FileMetaDataset, dcmwrite
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian

from app.dicom.explicit_little_endian import pixel_head
from app.dicom.native_xml import from_xml
from app.dicom.refusals import Refusal
from app.dicom.status import CANNOT_UNDERSTAND
from app.errors import InvalidInput, RefusedObject

PIXEL_VRS = {"7FE00010": ("OB", "OW", "UN"), "7FE00008": ("OF",), "7FE00009": ("OD",)}
"""Tags of pixel elements, and the VRs that each may have."""
_SYNTAX = "00083002"
_NATIVE = ExplicitVRLittleEndian
_MOST_FRAGMENT_BYTES = 0xFFFFFFFE


@dataclass(frozen=True)
class PixelElement:
    """`is_compressed`: the value is one fragment; else it is native, in little endian."""

    tag: str
    vr: str
    is_compressed: bool


@dataclass(frozen=True)
class MadeFile:
    """The bytes of a file around pixels that came apart; `pixels` is None when all of it is in `before`."""

    before: bytes
    pixels: PixelElement | None = None
    behind: bytes = b""


def models_of(text: bytes, *, is_xml: bool) -> list[dict[str, Any]]:
    """The data sets of one part. Raises InvalidInput."""
    if is_xml:
        return [from_xml(text)]
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput("body", "is no JSON") from None
    models = found if isinstance(found, list) else [found]
    if not all(
        isinstance(model, dict) and all(isinstance(element, dict) for element in model.values()) for model in models
    ):
        raise InvalidInput("body", "is no DICOM JSON")
    return models


def addresses_of(model: Mapping[str, Any]) -> Iterator[str]:
    """The addresses of bulk data at any depth."""
    waiting: list[Any] = [model]
    while waiting:
        for element in waiting.pop().values():
            if not isinstance(element, dict):
                continue
            if "BulkDataURI" in element:
                yield str(element["BulkDataURI"])
            values = element.get("Value")
            waiting += [item for item in values if isinstance(item, dict)] if isinstance(values, list) else []


def pixels_of(model: Mapping[str, Any]) -> tuple[str, str] | None:
    """Tag and address of the pixel element when its value is apart."""
    for tag in PIXEL_VRS:
        if "BulkDataURI" in model.get(tag, {}):
            return tag, str(model[tag]["BulkDataURI"])
    return None


def file_of(model: Mapping[str, Any], bulk: Mapping[str, bytes], pixel_syntax: str | None) -> MadeFile:
    """The instance that `model` describes. `bulk`: values by address. `pixel_syntax`: the transfer syntax of the
    pixels that came apart, empty when the sender names none; None when no such pixels came. Raises RefusedObject, and
    MemoryError."""
    try:
        return _file_of(model, bulk, pixel_syntax)
    except MemoryError:
        raise
    except Exception:  # values of any kind in any place: pydicom may raise any error
        raise RefusedObject(Refusal.NOT_DICOM_PART, CANNOT_UNDERSTAND) from None


def _file_of(model: Mapping[str, Any], bulk: Mapping[str, bytes], pixel_syntax: str | None) -> MadeFile:
    plain, pixels = dict(_without_meta(model)), None
    apart = pixels_of(model) if pixel_syntax is not None else None
    syntax = _NATIVE
    if apart is not None:
        tag = apart[0]
        vr, named = plain.pop(tag).get("vr", ""), UID(pixel_syntax) if pixel_syntax else _NATIVE
        is_compressed = named.is_compressed and not named.is_deflated
        syntax = named if is_compressed else _NATIVE
        if vr not in PIXEL_VRS[tag]:
            raise ValueError("no VR of pixels")
        pixels = PixelElement(tag, "OB" if is_compressed else vr, is_compressed)
    dataset = Dataset.from_json(plain, lambda _tag, _vr, address: bulk[str(address)])
    dataset.SpecificCharacterSet = "ISO_IR 192"
    behind = _taken_behind(dataset, pixels.tag) if pixels else b""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    file = DicomBytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)
    return MadeFile(file.getvalue(), pixels, behind)


def _taken_behind(dataset: Dataset, pixel_tag: str) -> bytes:
    """The elements behind the pixels as bytes; they leave the data set."""
    taken = Dataset()
    for element in [element for element in dataset if element.tag > Tag(int(pixel_tag, 16))]:
        taken.add(element)
        del dataset[element.tag]
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, False
    write_dataset(file, taken, "utf-8")
    return file.getvalue()


def write_pixels(to: BinaryIO, pixels: PixelElement, value: BinaryIO, size: int) -> None:
    """The pixel element: its head, `size` bytes of `value`, and what ends it (PS3.5 7.1.2, A.4). Nothing is parsed.
    Raises RefusedObject."""
    if size > _MOST_FRAGMENT_BYTES:
        raise RefusedObject(Refusal.NOT_DICOM_PART, CANNOT_UNDERSTAND)
    length, value_at = size + size % 2, value.seek(0)
    assert value_at == 0
    if pixels.is_compressed:
        to.write(pixel_head(pixels.tag, pixels.vr, 0xFFFFFFFF))
        to.write(struct.pack("<HHI", 0xFFFE, 0xE000, 0))  # no offset table
        to.write(struct.pack("<HHI", 0xFFFE, 0xE000, length))
    else:
        to.write(pixel_head(pixels.tag, pixels.vr, length))
    shutil.copyfileobj(value, to, 1 << 20)
    to.write(b"\0" * (size % 2))
    if pixels.is_compressed:
        to.write(struct.pack("<HHI", 0xFFFE, 0xE0DD, 0))


def _without_meta(model: Mapping[str, Any]) -> dict[str, Any]:
    """Group 0002 and the transfer syntax that a server tells with metadata are none of the object's own."""
    return {tag: element for tag, element in model.items() if tag != _SYNTAX and not tag.startswith("0002")}

"""A parsed data set -> the bytes of Explicit VR Little Endian (PS3.5 A.2), element by element as it was read.

Values stay the bytes that the sender wrote; only their order turns, where the file was big endian. Pixels are not
here: `pixel_head` makes the head of their element, and app/services/dicomweb sends what follows it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import cast

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import correct_ambiguous_vr_element, write_data_element, write_file_meta_info
from pydicom.tag import BaseTag
from pydicom.uid import UID
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, STANDARD_VR

from app.dicom.bulk_values import WORD_BYTES, little_endian
from app.dicom.json_metadata import one_vr
from app.dicom.part10 import vr_of
from app.dicom.pixel_tags import PIXEL_TAGS

EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
_MOST_SHORT = 0xFFFE
_LONG = frozenset(str(vr) for vr in EXPLICIT_VR_LENGTH_32)
_ZERO_PADDED = frozenset({"OB", "UI", "UN"})
_OFFSET_TABLES = frozenset({0x7FE00001, 0x7FE00002, 0x7FE00003})
"""Of fragments (PS3.5 A.4, PS3.3 C.7.6.3.1.8); native pixels have none."""


def file_head(meta: Dataset, sop_class_uid: str, sop_uid: str) -> bytes:
    """Preamble and file meta information of the same instance in Explicit VR Little Endian (PS3.10 7.1)."""
    plain = FileMetaDataset()
    for element in meta:
        if element.tag.element != 0 and element.tag.group == 2:
            plain.add(element)
    plain.TransferSyntaxUID = UID(EXPLICIT_LITTLE_ENDIAN)
    plain.MediaStorageSOPClassUID, plain.MediaStorageSOPInstanceUID = UID(sop_class_uid), UID(sop_uid)
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, False
    write_file_meta_info(file, plain, enforce_standard=True)
    return bytes(128) + b"DICM" + file.getvalue()


def around_pixels(dataset: Dataset) -> tuple[bytes, bytes]:
    """The elements before the pixel element, and those behind it. May raise anything for values of hostile senders."""
    return (
        _elements(dataset, lambda tag: 8 <= tag.group < 0x7FE0),
        _elements(
            dataset, lambda tag: tag.group >= 0x7FE0 and int(tag) not in PIXEL_TAGS and tag not in _OFFSET_TABLES
        ),
    )


def pixel_head(tag: str, vr: str, length: int) -> bytes:
    """The head of a native pixel element; `tag` in eight hexadecimal digits, `length` in bytes and even."""
    return _head(BaseTag(int(tag, 16)), vr, length)


def _elements(dataset: Dataset, counts: Callable[[BaseTag], bool] = lambda tag: True) -> bytes:
    """Group lengths are left out (PS3.5 7.2): they would be wrong."""
    made = (_element(dataset, tag) for tag in sorted(dataset.keys()) if tag.element != 0 and counts(tag))
    return b"".join(made)


def _element(dataset: Dataset, tag: BaseTag) -> bytes:
    element = dataset.get_item(tag, keep_deferred=True)
    if not isinstance(element, RawDataElement):
        return _sequence(element) if element.VR == "SQ" else _converted(dataset, element)
    vr, value = vr_of(dataset, element), element.value or b""
    if vr not in STANDARD_VR and " or " not in vr:
        vr = "UN"
    if " or " in vr:
        vr = _decided(dataset, tag, vr, value)
    if not element.is_little_endian:
        value = little_endian(value, vr)
    if len(value) % 2:
        value += b"\0" if vr in _ZERO_PADDED or vr in WORD_BYTES else b" "
    if vr not in _LONG and len(value) > _MOST_SHORT:
        vr = "UN"  # PS3.5 6.2.2, note 1
    return _head(tag, vr, len(value)) + value


def _decided(dataset: Dataset, tag: BaseTag, vr: str, value: bytes) -> str:
    """The VR where the dictionary leaves it open."""
    try:
        stub = DataElement(tag, vr, value, already_converted=True)
        found = cast(DataElement, correct_ambiguous_vr_element(stub, dataset, True)).VR
    except Exception:  # the values that decide are the sender's, and pydicom may raise any error
        found = vr
    return one_vr(found)


def _sequence(element: DataElement) -> bytes:
    items = []
    for item in element.value:
        content = _elements(item)
        items.append(struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content)
    return _head(element.tag, "SQ", sum(map(len, items))) + b"".join(items)


def _converted(dataset: Dataset, element: DataElement) -> bytes:
    """pydicom converts a few elements while it reads a header, Specific Character Set for one."""
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, False
    write_data_element(file, element, list(dataset.original_character_set or ()) or None)
    return file.getvalue()


def _head(tag: BaseTag, vr: str, length: int) -> bytes:
    place = struct.pack("<HH", tag.group, tag.element) + vr.encode("ascii")
    return place + (struct.pack("<HI", 0, length) if vr in _LONG else struct.pack("<H", length))

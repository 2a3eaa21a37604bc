"""An element may claim any VR, also two letters that are none, and hold anything or nothing: the object is refused
or read, and no reader of it fails. pydicom converts an empty element of an unknown VR when it is fetched.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterator

import pytest
from pydicom import Dataset

from app.dicom import json_metadata
from app.dicom.header_fields import read
from app.dicom.part10 import HeaderLimits, parse
from app.dicom.same_content import Likeness, likeness
from deploy.testbed.ct import ct_slice, part10
from tests.factories.fuzzed_parsers import PARSERS
from tests.factories.rejection_notes import note_of

LONG = (b"OB", b"OW", b"SQ", b"UN", b"UT")
REPRESENTATIONS = (b"ZZ", b"FD", b"US", b"UN")
VALUES = (b"", b"1e999\\nan ", b"odd")


def elements(file: bytes) -> Iterator[tuple[int, int, int]]:
    """Where each element behind the file meta information starts, where its value starts, and where it ends."""
    at = 144 + int.from_bytes(file[140:144], "little")
    while at < len(file):
        is_long = file[at + 4 : at + 6] in LONG
        length = struct.unpack("<I", file[at + 8 : at + 12]) if is_long else struct.unpack("<H", file[at + 6 : at + 8])
        value = at + (12 if is_long else 8)
        yield at, value, value + length[0]
        at = value + length[0]


def element(tag: bytes, vr: bytes, value: bytes) -> bytes:
    length = b"\0\0" + struct.pack("<I", len(value)) if vr in LONG else struct.pack("<H", len(value))
    return tag + vr + length + value


def odd_files(dataset: Dataset) -> Iterator[bytes]:
    file = part10(dataset)
    for start, _, end in elements(file):
        for vr in REPRESENTATIONS:
            for odd in VALUES:
                yield file[:start] + element(file[start : start + 4], vr, odd) + file[end:]


@pytest.mark.parametrize("kind", ["image", "note"])
def test_every_reader_ends_well_whatever_vr_an_element_claims(kind: str) -> None:
    dataset = ct_slice(2, ProtocolName="x") if kind == "image" else note_of(ct_slice(2), ["1.2.3"])
    tried = 0
    for file in odd_files(dataset):
        for name in ("part10", "metadata", "image"):
            PARSERS[name].check(file)
        likeness(io.BytesIO(file), io.BytesIO(file), HeaderLimits())
        tried += 1
    assert tried > 200


def with_empty(tag: bytes, vr: bytes) -> bytes:
    """A slice whose element of this tag claims a VR and holds nothing."""
    file = part10(ct_slice(2))
    start, _, end = next(found for found in elements(file) if file[found[0] : found[0] + 4] == tag)
    return file[:start] + element(tag, vr, b"") + file[end:]


def test_an_empty_name_of_an_unknown_vr_is_no_name() -> None:
    assert read(io.BytesIO(with_empty(b"\x10\0\x10\0", b"ZZ")), HeaderLimits()).identity.names == ()


def test_the_metadata_of_an_element_of_an_unknown_vr_call_it_unknown() -> None:
    parsed = parse(io.BytesIO(with_empty(b"\x08\0\x60\0", b"ZZ")), HeaderLimits())
    told = json.loads(json_metadata.to_json(parsed.dataset, parsed.transfer_syntax_uid, None, "x{}".format).text)
    assert told["00080060"] == {"vr": "UN"}


def test_a_file_with_an_element_of_an_unknown_vr_is_the_same_as_itself() -> None:
    file = with_empty(b"\x08\0\x60\0", b"ZZ")
    assert likeness(io.BytesIO(file), io.BytesIO(file), HeaderLimits()) == Likeness.SAME
    assert likeness(io.BytesIO(file), io.BytesIO(part10(ct_slice(2))), HeaderLimits()) != Likeness.SAME


def test_a_number_that_cannot_be_converted_is_absent() -> None:
    file = part10(ct_slice(2))
    start, _, end = next(found for found in elements(file) if file[found[0] : found[0] + 4] == b"\x20\0\x11\0")
    odd = file[:start] + element(b"\x20\0\x11\0", b"UN", b"1e999\\nan ") + file[end:]
    assert read(io.BytesIO(odd), HeaderLimits()).series_number is None
    start, _, end = next(found for found in elements(file) if file[found[0] : found[0] + 4] == b"\x08\0\x16\0")
    odd = file[:start] + element(b"\x08\0\x16\0", b"FD", b"odd") + file[end:]
    assert read(io.BytesIO(odd), HeaderLimits()).sop_class_uid == "1.2.840.10008.5.1.4.1.1.2"  # of the meta information

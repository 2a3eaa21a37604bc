"""Broken headers: each is read or ends as RefusedObject."""

from __future__ import annotations

import pytest
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from app.dicom.refusals import UID_INVALID
from deploy.testbed.ct import ct_file, ct_slice, part10
from tests.factories.read_headers import VALID, read_bytes, refusal


@pytest.mark.parametrize("data", [b"", b"x", b"DICM", bytes(128) + b"DICN", b"\x1f\x8b" + bytes(500)])
def test_what_is_no_part_10_file_is_refused(data: bytes) -> None:
    assert refusal(data) == "not_part10"


def test_a_header_cut_anywhere_is_refused() -> None:
    offset = read_bytes(VALID).pixel_offset
    assert offset is not None
    for length in range(len(VALID)):
        # Cut exactly where an element starts, it looks like a shorter, whole header.
        at_border = length <= offset and VALID[length + 4 : length + 6].isupper()
        if not at_border:
            refusal(VALID[:length])


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
@pytest.mark.parametrize(("keyword", "value"), [("StudyTime", "10203040"), ("RescaleSlope", "1.250000")])
def test_a_cut_right_before_a_value_of_eight_bytes_is_no_end(syntax: str, keyword: str, value: str) -> None:
    data = part10(ct_slice(**{keyword: value}), syntax)
    assert refusal(data[: data.index(value.encode())]) == "header_truncated"


def test_cut_pixels_are_named() -> None:
    assert refusal(VALID[:-1]) == "pixels_truncated"
    implicit = part10(ct_slice(), ImplicitVRLittleEndian)
    assert refusal(implicit[:-1]) == "pixels_truncated"


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
@pytest.mark.parametrize("pixels", [b"", b"\x07\x00"])
def test_an_image_of_one_pixel_or_none_is_whole(syntax: str, pixels: bytes) -> None:
    data = part10(ct_slice(Rows=1, Columns=1, BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=pixels), syntax)
    assert read_bytes(data).pixel_offset is not None
    assert refusal(data[:-1]).endswith("truncated")


@pytest.mark.parametrize("keyword", ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
@pytest.mark.parametrize("value", ["1..2", "1.2.", "../../etc/passwd", "1." * 33 + "1", "1.2 3", "１.２"])
def test_uids_are_uids(keyword: str, value: str) -> None:
    assert refusal(_with_raw_uid(keyword, value)) == UID_INVALID[keyword]


def _with_raw_uid(keyword: str, value: str) -> bytes:
    """A file whose UID was overwritten by other bytes of the same length, as a hostile sender would."""
    raw = value.encode()
    raw += b"\x00" * (len(raw) % 2)
    placeholder = "9" * len(raw)
    data = ct_file(**{keyword: placeholder})
    element = b"UI" + len(raw).to_bytes(2, "little")
    return data.replace(element + placeholder.encode(), element + raw)


def test_a_wrongly_labelled_name_is_read_all_the_same() -> None:
    dataset = ct_slice(SpecificCharacterSet="ISO_IR 100", PatientName=None)
    dataset.add_new("PatientName", "PN", "王^小东".encode("gb18030"))
    header = read_bytes(part10(dataset))
    assert header.identity.names == ("王^小东",)

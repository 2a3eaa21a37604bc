"""Hostile and broken headers: each ends as RefusedObject, in bounded time and memory."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from app.errors import RefusedObject
from app.services import pixel_element
from app.services.header_checks import HeaderLimits
from app.services.header_fields import ReceivedHeader, read
from tests.factories.dicom_objects import ct_dataset, ct_file, part10
from tests.shared_data import files_of, needs

MIB = 1024 * 1024
VALID = ct_file(
    SOPInstanceUID="1.2.3.4", StudyInstanceUID="1.2.3.5", SeriesInstanceUID="1.2.3.6"
)  # the same in every test process


def read_bytes(data: bytes, limits: HeaderLimits | None = None) -> ReceivedHeader:
    return read(io.BytesIO(data), limits or HeaderLimits())


def refusal(data: bytes, limits: HeaderLimits | None = None) -> str:
    with pytest.raises(RefusedObject) as caught:
        read_bytes(data, limits)
    assert caught.value.__cause__ is None
    return caught.value.reason


def read_or_refuse(data: bytes) -> str:
    """The object's UID or the reason it was refused; any other exception fails the test."""
    try:
        return read_bytes(data).sop_instance_uid
    except RefusedObject as refused:
        return refused.reason


def nested(depth: int, undefined_length: bool) -> bytes:
    dataset = ct_dataset()
    inner = dataset
    for _ in range(depth):
        item = Dataset()
        item.CodeValue = "x"
        item.is_undefined_length_sequence_item = undefined_length
        inner.ConceptNameCodeSequence = Sequence([item])
        inner["ConceptNameCodeSequence"].is_undefined_length = undefined_length
        inner = item
    return part10(dataset)


@pytest.mark.parametrize("data", [b"", b"x", b"DICM", bytes(128) + b"DICN", b"\x1f\x8b" + bytes(500)])
def test_what_is_no_part_10_file_is_refused(data: bytes) -> None:
    assert refusal(data) == "not a DICOM Part-10 file"


def test_a_header_cut_anywhere_is_refused() -> None:
    offset = read_bytes(VALID).pixel_offset
    assert offset is not None
    for length in range(len(VALID)):
        # Cut exactly where an element starts, it looks like a shorter, whole header.
        at_border = length <= offset and VALID[length + 4 : length + 6].isupper()
        if not at_border:
            refusal(VALID[:length])


def test_cut_pixels_are_named() -> None:
    assert refusal(VALID[:-1]) == "truncated: pixel data end early"
    implicit = part10(ct_dataset(), ImplicitVRLittleEndian)
    assert refusal(implicit[:-1]) == "truncated: pixel data end early"


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
@pytest.mark.parametrize("pixels", [b"", b"\x07\x00"])
def test_an_image_of_one_pixel_or_none_is_whole(syntax: str, pixels: bytes) -> None:
    data = part10(ct_dataset(Rows=1, Columns=1, BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=pixels), syntax)
    assert read_bytes(data).pixel_offset is not None
    assert refusal(data[:-1]).startswith("truncated")


@pytest.mark.parametrize("undefined_length", [True, False])
def test_reasonable_nesting_passes_and_deep_nesting_does_not(undefined_length: bool) -> None:
    assert read_bytes(nested(20, undefined_length)).modality == "CT"
    assert refusal(nested(40, undefined_length)) == "nested too deeply"


def test_nesting_past_the_interpreters_stack_is_refused() -> None:
    head = part10(ct_dataset(PixelData=None))
    opening = bytes.fromhex("4000 43a0 5351 0000 ffffffff feff 00e0 ffffffff".replace(" ", ""))
    hostile = head + opening * 20_000

    def called_from(depth: int) -> str:  # where the stack ends within pydicom decides what it makes of it
        return called_from(depth - 1) if depth else refusal(hostile)

    assert {called_from(depth) for depth in range(12)} == {"nested too deeply"}


def test_a_deflated_file_is_read_and_a_deflated_bomb_is_not() -> None:
    data = part10(ct_dataset(), DeflatedExplicitVRLittleEndian)
    assert read_bytes(data).pixel_offset is None
    meta_end = 144 + int.from_bytes(data[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = data[:meta_end] + b"".join(packer.compress(bytes(MIB)) for _ in range(20)) + packer.flush()
    assert len(bomb) < MIB
    assert refusal(bomb, HeaderLimits(inflated_bytes=10 * MIB)) == "inflates beyond the limit"
    assert refusal(data[:-3]).startswith("truncated")


@pytest.mark.parametrize("claimed", [0, 8, 2**32 - 1])
def test_a_lying_group_length_gets_no_deflated_bomb_past_the_limit(claimed: int) -> None:
    data = part10(ct_dataset(), DeflatedExplicitVRLittleEndian)
    meta_end = 144 + int.from_bytes(data[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = data[:140] + claimed.to_bytes(4, "little") + data[144:meta_end]
    bomb = head + b"".join(packer.compress(bytes(MIB)) for _ in range(20)) + packer.flush()
    assert refusal(bomb, HeaderLimits(inflated_bytes=10 * MIB)) == "inflates beyond the limit"


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
@pytest.mark.parametrize("undefined_length", [True, False])
def test_elements_are_counted_wherever_they_lie(syntax: str, undefined_length: bool) -> None:
    dataset = ct_dataset()
    dataset.ReferencedSeriesSequence = Sequence([Dataset() for _ in range(500)])
    for number, item in enumerate(dataset.ReferencedSeriesSequence):
        item.SeriesInstanceUID = f"1.2.{number}"
    dataset["ReferencedSeriesSequence"].is_undefined_length = undefined_length
    data = part10(dataset, syntax)
    assert read_bytes(data, HeaderLimits(reads=3000)).modality == "CT"
    assert refusal(data, HeaderLimits(reads=1000)) == "the header is larger than the limit"


def test_the_same_bytes_in_ever_deeper_sequences_are_paid_for_at_every_level() -> None:
    dataset = inner = ct_dataset()
    for _ in range(20):
        inner.ConceptNameCodeSequence = Sequence([Dataset()])
        inner = inner.ConceptNameCodeSequence[0]
    inner.EncapsulatedDocument = bytes(MIB)
    assert refusal(part10(dataset), HeaderLimits(header_bytes=8 * MIB)) == "the header is larger than the limit"


@pytest.mark.parametrize("keyword", ["WindowCenter", "PatientName", "SeriesDescription", "ImageType"])
def test_a_value_that_would_become_a_million_objects_is_refused_unread(keyword: str) -> None:
    data = part10(ct_dataset(**{keyword: "11"}), ImplicitVRLittleEndian)
    tag = tag_for_keyword(keyword)
    assert tag is not None
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    many = b"1\\" * (MIB // 2 + 1)
    data = data.replace(head + struct.pack("<I", 2) + b"11", head + struct.pack("<I", len(many)) + many)
    assert refusal(data) == "an element is longer than the limit"


def test_bulk_data_of_any_length_are_no_fault() -> None:
    item = Dataset()
    item.add_new("WaveformData", "OW", bytes(2 * MIB))
    data = part10(ct_dataset(WaveformSequence=Sequence([item])))
    assert read_bytes(data).modality == "CT"


def test_pixels_in_endless_fragments_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixel_element, "MOST_FRAGMENTS", 100)
    fragment = b"\xfe\xff\x00\xe0" + bytes(4)
    assert read_bytes(encapsulated(fragment * 100)).modality == "CT"
    assert refusal(encapsulated(fragment * 101)) == "more pixel data fragments than the limit"


def encapsulated(fragments: bytes) -> bytes:
    head = part10(ct_dataset(PixelData=None), RLELossless)
    return head + b"\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff" + fragments


def test_an_element_that_claims_gigabytes_is_refused_without_reading_them() -> None:
    head = part10(ct_dataset(PixelData=None))
    claim = b"\x09\x00\x10\x10OB\x00\x00\xff\xff\xff\xbf"
    assert refusal(head + claim + bytes(100)).startswith("truncated")


def test_a_header_larger_or_longer_than_its_limits_is_refused() -> None:
    large = part10(ct_dataset(PixelData=None, EncapsulatedDocument=bytes(MIB)))
    assert refusal(large, HeaderLimits(header_bytes=MIB)) == "the header is larger than the limit"
    assert refusal(VALID, HeaderLimits(reads=30)) == "the header is larger than the limit"


@pytest.mark.parametrize("keyword", ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
@pytest.mark.parametrize("value", ["1..2", "1.2.", "../../etc/passwd", "1." * 33 + "1", "1.2 3", "１.２"])
def test_uids_are_uids(keyword: str, value: str) -> None:
    assert keyword in refusal(_with_raw_uid(keyword, value))


def _with_raw_uid(keyword: str, value: str) -> bytes:
    """A file whose UID was overwritten by other bytes of the same length, as a hostile sender would."""
    raw = value.encode()
    raw += b"\x00" * (len(raw) % 2)
    placeholder = "9" * len(raw)
    data = ct_file(**{keyword: placeholder})
    element = b"UI" + len(raw).to_bytes(2, "little")
    return data.replace(element + placeholder.encode(), element + raw)


def test_a_wrongly_labelled_name_is_read_all_the_same() -> None:
    dataset = ct_dataset(SpecificCharacterSet="ISO_IR 100", PatientName=None)
    dataset.add_new("PatientName", "PN", "王^小东".encode("gb18030"))
    header = read_bytes(part10(dataset))
    assert header.identity.names == ("王^小东",)


@pytest.mark.parametrize("position", range(0, len(VALID), 7))
def test_a_flipped_byte_never_raises_anything_else(position: int) -> None:
    data = bytearray(VALID)
    data[position] ^= 0xFF
    assert read_or_refuse(bytes(data))


MUTATED = [
    path.read_bytes() for path in (*files_of("objects-a"), *files_of("charset-a")) if path.stat().st_size < 300_000
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_mutated_real_files_are_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    original = data.draw(st.sampled_from(MUTATED or [VALID]))
    mutated = bytearray(original[: data.draw(st.integers(0, len(original)), label="length")])
    for _ in range(data.draw(st.integers(0, 8), label="flips")):
        if mutated:
            position = data.draw(st.integers(0, min(len(mutated), 4000) - 1))
            mutated[position] = data.draw(st.integers(0, 255))
    assert read_or_refuse(bytes(mutated))


READABLE = ("transfer-syntaxes-a", "charset-chinese-a", "cr-dx-chest-a", "us-xa-cine-a", "mg-a", "ko-selfmade-a")


@pytest.mark.parametrize("folder", READABLE)
def test_sound_real_files_are_all_read(folder: str) -> None:
    needs(folder)
    refused: dict[str, str] = {}
    for path in files_of(folder):
        with path.open("rb") as file:
            try:
                read(file, HeaderLimits())
            except RefusedObject as fault:
                refused[path.name] = fault.reason
    # Some old test images have no preamble or belong to no study, and so cannot be Part-10 instances of one.
    assert set(refused.values()) <= {"StudyInstanceUID is missing", "not a DICOM Part-10 file"}
    assert len(refused) <= len(files_of(folder)) // 8


def test_the_46341_rows_claim_is_refused_by_its_pixels() -> None:
    data = (needs("malformed-a") / "2026-05-26-oob-monochrome-46341.dcm").read_bytes()
    assert refusal(data) == "more pixels than the limit"

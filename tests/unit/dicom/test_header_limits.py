"""Hostile headers end as RefusedObject in bounded time and memory: depth, length, number, inflation."""

from __future__ import annotations

import struct
import zlib

import pytest
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from app.dicom import pixel_element
from app.dicom.part10 import HeaderLimits
from deploy.testbed.ct import ct_slice, part10
from tests.factories.read_headers import MIB, VALID, read_bytes, refusal


def nested(depth: int, undefined_length: bool) -> bytes:
    dataset = ct_slice()
    inner = dataset
    for _ in range(depth):
        item = Dataset()
        item.CodeValue = "x"
        item.is_undefined_length_sequence_item = undefined_length
        inner.ConceptNameCodeSequence = Sequence([item])
        inner["ConceptNameCodeSequence"].is_undefined_length = undefined_length
        inner = item
    return part10(dataset)


@pytest.mark.parametrize("undefined_length", [True, False])
def test_reasonable_nesting_passes_and_deep_nesting_does_not(undefined_length: bool) -> None:
    assert read_bytes(nested(20, undefined_length)).modality == "CT"
    assert refusal(nested(40, undefined_length)) == "nested_too_deeply"


def test_nesting_past_the_interpreters_stack_is_refused() -> None:
    head = part10(ct_slice(PixelData=None))
    opening = bytes.fromhex("4000 43a0 5351 0000 ffffffff feff 00e0 ffffffff".replace(" ", ""))
    hostile = head + opening * 20_000

    def called_from(depth: int) -> str:  # where the stack ends within pydicom decides what it makes of it
        return called_from(depth - 1) if depth else refusal(hostile)

    assert {called_from(depth) for depth in range(12)} == {"nested_too_deeply"}


def test_a_deflated_file_is_read_and_a_deflated_bomb_is_not() -> None:
    data = part10(ct_slice(), DeflatedExplicitVRLittleEndian)
    assert read_bytes(data).pixel_offset is None
    meta_end = 144 + int.from_bytes(data[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = data[:meta_end] + b"".join(packer.compress(bytes(MIB)) for _ in range(20)) + packer.flush()
    assert len(bomb) < MIB
    assert refusal(bomb, HeaderLimits(inflated_bytes=10 * MIB)) == "inflates_too_large"
    assert refusal(data[:-3]).endswith("truncated")


@pytest.mark.parametrize("claimed", [0, 8, 2**32 - 1])
def test_a_lying_group_length_gets_no_deflated_bomb_past_the_limit(claimed: int) -> None:
    data = part10(ct_slice(), DeflatedExplicitVRLittleEndian)
    meta_end = 144 + int.from_bytes(data[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = data[:140] + claimed.to_bytes(4, "little") + data[144:meta_end]
    bomb = head + b"".join(packer.compress(bytes(MIB)) for _ in range(20)) + packer.flush()
    assert refusal(bomb, HeaderLimits(inflated_bytes=10 * MIB)) == "inflates_too_large"


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
@pytest.mark.parametrize("undefined_length", [True, False])
def test_elements_are_counted_wherever_they_lie(syntax: str, undefined_length: bool) -> None:
    dataset = ct_slice()
    dataset.ReferencedSeriesSequence = Sequence([Dataset() for _ in range(500)])
    for number, item in enumerate(dataset.ReferencedSeriesSequence):
        item.SeriesInstanceUID = f"1.2.{number}"
    dataset["ReferencedSeriesSequence"].is_undefined_length = undefined_length
    data = part10(dataset, syntax)
    assert read_bytes(data, HeaderLimits(reads=3000)).modality == "CT"
    assert refusal(data, HeaderLimits(reads=1000)) == "header_too_large"


def test_the_same_bytes_in_ever_deeper_sequences_are_paid_for_at_every_level() -> None:
    dataset = inner = ct_slice()
    for _ in range(20):
        inner.ConceptNameCodeSequence = Sequence([Dataset()])
        inner = inner.ConceptNameCodeSequence[0]
    inner.EncapsulatedDocument = bytes(MIB)
    assert refusal(part10(dataset), HeaderLimits(header_bytes=8 * MIB)) == "header_too_large"


@pytest.mark.parametrize("keyword", ["WindowCenter", "PatientName", "SeriesDescription", "ImageType"])
def test_a_value_that_would_become_a_million_objects_is_refused_unread(keyword: str) -> None:
    data = part10(ct_slice(**{keyword: "11"}), ImplicitVRLittleEndian)
    tag = tag_for_keyword(keyword)
    assert tag is not None
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    many = b"1\\" * (MIB // 2 + 1)
    data = data.replace(head + struct.pack("<I", 2) + b"11", head + struct.pack("<I", len(many)) + many)
    assert refusal(data) == "element_too_long"


def test_bulk_data_of_any_length_are_no_fault() -> None:
    item = Dataset()
    item.add_new("WaveformData", "OW", bytes(2 * MIB))
    data = part10(ct_slice(WaveformSequence=Sequence([item])))
    assert read_bytes(data).modality == "CT"


def test_pixels_in_endless_fragments_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixel_element, "MOST_FRAGMENTS", 100)
    fragment = b"\xfe\xff\x00\xe0" + bytes(4)
    assert read_bytes(encapsulated(fragment * 100)).modality == "CT"
    assert refusal(encapsulated(fragment * 101)) == "too_many_fragments"


def encapsulated(fragments: bytes) -> bytes:
    head = part10(ct_slice(PixelData=None), RLELossless)
    return head + b"\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff" + fragments


def test_an_element_that_claims_gigabytes_is_refused_without_reading_them() -> None:
    head = part10(ct_slice(PixelData=None))
    claim = b"\x09\x00\x10\x10OB\x00\x00\xff\xff\xff\xbf"
    assert refusal(head + claim + bytes(100)).endswith("truncated")


def test_a_header_larger_or_longer_than_its_limits_is_refused() -> None:
    large = part10(ct_slice(PixelData=None, EncapsulatedDocument=bytes(MIB)))
    assert refusal(large, HeaderLimits(header_bytes=MIB)) == "header_too_large"
    assert refusal(VALID, HeaderLimits(reads=30)) == "header_too_large"

"""Values that would become more than they are: refused, left out or compared as bytes, each before it is converted."""

from __future__ import annotations

import io
import json

import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.values import converters

from app.dicom import json_metadata, rejection_notes
from app.dicom.part10 import HeaderLimits, parse
from app.dicom.refusals import Refusal
from app.dicom.same_content import Likeness, likeness
from deploy.testbed.ct import ct_slice, part10
from tests.factories.expanding_files import character_sets, name_groups, raw, rejected_objects
from tests.factories.read_headers import read_bytes, refusal

LIMITS = HeaderLimits()


def test_a_list_of_character_sets_is_refused_before_a_text_is_tried_against_it() -> None:
    assert read_bytes(character_sets(10)).modality == "CT"
    assert refusal(character_sets(100)) == Refusal.ELEMENT_TOO_LONG


def test_a_name_of_thousands_of_groups_is_refused() -> None:
    assert read_bytes(name_groups(40)).identity.names
    assert refusal(name_groups(50)) == Refusal.NAME_TOO_LONG


def test_a_note_names_no_more_objects_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejection_notes, "MOST_REJECTED", 3)
    assert read_bytes(rejected_objects(1)).rejects == {"1.2"}
    assert refusal(rejected_objects(2)) == Refusal.TOO_MANY_REJECTED


def test_metadata_leave_out_the_values_that_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_metadata, "MOST_VALUES", 200)
    dataset = ct_slice(SliceThickness="2")
    raw(dataset, 0x00281050, "DS", b"1\\" * 300)
    made = json_metadata.to_json(parse_of(part10(dataset)), "1.2", None, str)
    found = json.loads(made.text)
    assert "00281050" not in found
    assert made.left_out == ("00281050",)
    assert found["00180050"] == {"vr": "DS", "Value": [2.0]}
    assert found["00280010"]["Value"] == [8]


def parse_of(data: bytes) -> Dataset:
    return parse(io.BytesIO(data), LIMITS).dataset


def is_same(one: bytes, other: bytes) -> bool:
    return likeness(io.BytesIO(one), io.BytesIO(other), LIMITS) == Likeness.SAME


def test_padding_makes_no_difference_between_two_headers_and_a_value_does() -> None:
    dataset = ct_slice(WindowCenter=["40", "50"], ImageComments="a")
    plain = part10(dataset)
    for tag, vr, value in ((0x00281050, "DS", b"40 \\ 50 "), (0x00204000, "LT", b"a "), (0x00080060, "CS", b"CT")):
        dataset[Tag(tag)] = RawDataElement(Tag(tag), vr, len(value), value, 0, False, True)
    assert is_same(plain, part10(dataset))
    dataset.ImageComments = "b"
    assert not is_same(plain, part10(dataset))


def test_two_headers_are_compared_without_converting_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = ct_slice()
    raw(dataset, 0x00281050, "DS", b"1\\" * 100_000)
    data = part10(dataset)

    def converting(*_: object) -> None:
        raise AssertionError("a number was converted")

    monkeypatch.setitem(converters, "DS", converting)
    assert is_same(data, data)

"""The parent believes nothing that a child says of a header but what has the kind and length of an answer."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.dicom.part10 import HeaderLimits
from app.dicom.refusals import Refusal
from app.dicom.same_content import Likeness
from app.errors import RefusedObject
from app.imaging.header.examined import examined
from app.imaging.sandbox.header_answers import (
    examined_of,
    likeness_of,
    parts_of,
    parts_of_refusal,
    refusal_of,
)
from app.imaging.sandbox.messages import BrokenAnswer
from deploy.testbed.ct import ct_file

GOOD = parts_of(examined(io.BytesIO(ct_file(StudyDescription="头部", NumberOfFrames=1)), HeaderLimits()))
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["\ud800", "\0", "x" * 1025, "1.2.3", [[]], {}, {"a": 1}, ["1"] * 20_001, 1 << 70]),
)


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


PLACES = list(places(json.loads(GOOD[0])))


def test_an_answer_comes_back_as_it_was_given() -> None:
    found = examined(io.BytesIO(ct_file()), HeaderLimits())
    read = examined_of(parts_of(found))
    assert read.header == found.header
    assert json.dumps(read.image.header) == json.dumps(found.image.header)
    assert (read.image.frames, read.size > 0) == (found.image.frames, True)


@pytest.mark.parametrize("text", ["x" * 63 + "  y", "x" * 1023 + " y", "", "x" * 2000, "a\x1fb\x7f"])
def test_a_text_that_was_cut_anywhere_comes_back(text: str) -> None:
    data = ct_file(SeriesDescription=text, StudyDescription=text, ProtocolName=text)
    found = examined(io.BytesIO(data), HeaderLimits())
    assert examined_of(parts_of(found)).header == found.header


def test_refusals_and_likenesses_come_back_as_they_were_given() -> None:
    for reason in Refusal:
        read = refusal_of(parts_of_refusal(RefusedObject(reason, 0xA700)))
        assert (read.reason, read.dicom_code) == (reason, 0xA700)
    for likeness in Likeness:
        assert likeness_of([likeness.encode()]) == likeness


@pytest.mark.parametrize("parts", [[], [b"x"], [b"no_such_reason", b"\0\0"], [b"other", b"\0"], [b"\xff", b"\0\0"]])
def test_other_refusals_and_likenesses_are_broken(parts: list[bytes]) -> None:
    for read in (refusal_of, likeness_of, examined_of):
        with pytest.raises(BrokenAnswer):
            read(parts)


@pytest.mark.hypothesis
def test_an_answer_that_is_changed_anywhere_is_read_or_broken_and_nothing_else() -> None:
    seen = {"read": 0, "broken": 0}

    @settings(max_examples=1500)
    @given(st.sampled_from(PLACES), ODD)
    def change(place: tuple[Any, ...], odd: Any) -> None:
        plain = json.loads(GOOD[0])
        *way, last = place
        node = plain
        for key in way:
            node = node[key]
        node[last] = odd
        try:
            found = examined_of([json.dumps(plain).encode(), GOOD[1]])
        except BrokenAnswer:
            seen["broken"] += 1
            return
        seen["read"] += 1
        header = found.header
        for text in (*header.accession_numbers, header.modality, header.series_description, *header.identity.names):
            assert isinstance(text, str)
            assert len(text.encode()) <= 4096
        assert all(type(number) in (int, type(None)) for number in (header.pixel_offset, header.instance_number))

    change()
    assert min(seen.values()) > 100


@pytest.mark.parametrize("frames", [b"\0", b"\0\0\0\2" + bytes(12), b"\xff" * 16])
def test_a_broken_index_of_frames_is_a_broken_answer(frames: bytes) -> None:
    with pytest.raises(BrokenAnswer):
        examined_of([GOOD[0], frames])


def test_what_is_no_json_is_broken() -> None:
    for said in (b"", b"{", b"[" * 100_000, b"\xff", GOOD[0][:-1], b"null", b"[]", b'{"header": 1}'):
        with pytest.raises(BrokenAnswer):
            examined_of([said, b""])

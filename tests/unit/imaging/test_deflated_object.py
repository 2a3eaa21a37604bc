"""Frames of an object that is deflated as a whole: the same bytes as pydicom finds, without pydicom."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, Sequence, dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian

from app.imaging.codecs import deflated_object
from app.imaging.codecs.deflated_object import inflated_object
from app.imaging.errors import UndecodableFrame
from deploy.testbed.ct import ct_slice, part10
from tests.factories.images import image_header

PIXELS = bytes(range(256)) * 2


def nested(depth: int, is_undefined: bool) -> Sequence:
    """Icons with pixels of their own lie in it, which are not the object's."""
    item = Dataset()
    item.Rows, item.PixelData = 1, b"\1\2"
    item["PixelData"].VR = "OW"
    item.is_undefined_length_sequence_item = is_undefined
    if depth:
        item.IconImageSequence = nested(depth - 1, is_undefined)
        item["IconImageSequence"].is_undefined_length = is_undefined
    return Sequence([item, item])


def deflated(depth: int = 2, is_undefined: bool = True, **attributes: object) -> bytes:
    dataset = ct_slice(NumberOfFrames=4, PixelData=PIXELS, **attributes)
    dataset.IconImageSequence = nested(depth, is_undefined)
    dataset["IconImageSequence"].is_undefined_length = is_undefined
    return part10(dataset, DeflatedExplicitVRLittleEndian)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 4), st.booleans(), st.text("ab", max_size=40))
def test_the_frames_are_those_of_the_data_set(depth: int, is_undefined: bool, description: str) -> None:
    data = deflated(depth, is_undefined, StudyDescription=description, ImageComments=description * 3)
    found = inflated_object(data, "PixelData")
    header = image_header(rows=8, columns=8, number_of_frames=4)
    assert dcmread(io.BytesIO(data)).PixelData == PIXELS
    assert b"".join(found.frame(header, number) for number in range(4)) == PIXELS


def test_a_frame_that_is_not_there_whole_is_empty() -> None:
    found = inflated_object(deflated(), "PixelData")
    assert found.frame(image_header(rows=8, columns=8, number_of_frames=5), 4) == b""


@pytest.mark.parametrize("cut", [100, 132, 140, 300])
def test_bytes_that_are_no_such_object_cannot_be_decoded(cut: int) -> None:
    with pytest.raises(UndecodableFrame):
        inflated_object(deflated()[:cut], "PixelData")


@pytest.mark.hypothesis
def test_mutated_objects_raise_nothing_else() -> None:
    whole, read, refused = deflated(), [], []

    @settings(max_examples=200, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), min_size=1, max_size=5))
    def mutate(changes: list[tuple[int, int]]) -> None:
        mutated = bytearray(whole)
        for at, value in changes:
            mutated[at] = value
        try:
            read.append(inflated_object(bytes(mutated), "PixelData"))
        except UndecodableFrame as error:
            refused.append(error)

    mutate()
    assert read
    assert refused


def test_no_more_is_inflated_than_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deflated_object, "MOST_INFLATED_BYTES", 1000)
    with pytest.raises(UndecodableFrame, match="more than described"):
        inflated_object(deflated(), "PixelData")

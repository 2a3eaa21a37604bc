"""Image headers, frame indexes and Part-10 parsing."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.encaps import encapsulate

from app.imaging.decode import decode_frame
from app.imaging.errors import UnsupportedImage
from app.imaging.frame_index import FrameIndex
from app.imaging.header import FrameValues, ImageHeader
from app.imaging.header_reading import read_header
from app.imaging.part10 import parse
from tests.factories.images import ct_slice, image_header, part10

places = st.tuples(*[st.floats(-1e3, 1e3)] * 3)


@given(st.builds(FrameValues, slope=st.floats(0.1, 9), windows=st.just(((40.0, 400.0),)), position=places))
def test_a_header_survives_json(shared: FrameValues) -> None:
    header = image_header(shared=shared, per_frame=(shared,), padding=(-5, 3), pixel_spacing=(0.5, 0.7))
    assert ImageHeader.from_json(json.loads(json.dumps(header.to_json()))) == header


pieces = st.tuples(st.integers(0, 2**60), st.integers(0, 2**31))


@given(st.lists(st.lists(pieces, max_size=3).map(tuple), max_size=5).map(tuple))
def test_a_frame_index_survives_bytes(frames: Any) -> None:
    assert FrameIndex.from_bytes(FrameIndex(frames).to_bytes()) == FrameIndex(frames)


def test_native_frames_are_read_by_their_index_alone() -> None:
    ds = ct_slice(InstanceNumber=7)
    raw = part10(ds)
    parsed = parse(io.BytesIO(raw))
    assert parsed.header is not None
    assert parsed.frames is not None
    ((start, length),) = parsed.frames.pieces(0)
    assert raw[start : start + length] == ds.PixelData
    assert raw[parsed.pixel_offset : (parsed.pixel_offset or 0) + 4] == b"\xe0\x7f\x10\x00"
    pixels = decode_frame(parsed.header, raw[start : start + length])
    assert pixels.dtype == np.int16
    assert pixels[0, 0] == -393


@pytest.mark.parametrize("with_table", [True, False])
def test_encapsulated_frames_are_found_with_and_without_an_offset_table(with_table: bool) -> None:
    ds = ct_slice(NumberOfFrames=2)
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.80"
    codes = [b"\xff\xd8first\x00", b"\xff\xd8second"]
    ds.PixelData = encapsulate(codes, fragments_per_frame=2, has_bot=with_table)
    ds["PixelData"].is_undefined_length = True
    ds["PixelData"].VR = "OB"
    raw = part10(ds)
    frames = parse(io.BytesIO(raw)).frames
    assert frames is not None
    found = [b"".join(raw[start : start + length] for start, length in frames.pieces(k)) for k in range(2)]
    assert [bytes(code) for code in found] == codes


def test_a_frame_that_is_cut_off_has_no_pieces() -> None:
    ds = ct_slice()
    ds.PixelData = ds.PixelData[:100]
    frames = parse(io.BytesIO(part10(ds))).frames
    assert frames is not None
    assert frames.pieces(0) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"Rows": 46341, "Columns": 46341},
        {"Rows": 0},
        {"NumberOfFrames": 1_000_000},
        {"BitsStored": 20},
        {"SamplesPerPixel": 7},
    ],
)
def test_absurd_sizes_are_refused_before_anything_is_allocated(changes: dict[str, int]) -> None:
    ds = ct_slice()
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    with pytest.raises(UnsupportedImage):
        read_header(ds, "1.2.840.10008.1.2.1")

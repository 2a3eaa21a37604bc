"""Image headers, frame indexes and Part-10 parsing."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.encaps import encapsulate
from pydicom.tag import BaseTag
from pydicom.uid import JPEGLSLossless

from app.dicom.part10 import HeaderLimits, ParsedFile, parse
from app.imaging.codecs.decode import EXPLICIT_LE, decode_frame
from app.imaging.errors import UnsupportedImage
from app.imaging.header.frame_index import FrameIndex, index_encapsulated
from app.imaging.header.image_header import FrameValues, ImageHeader
from app.imaging.header.image_index import image_of
from app.imaging.header.reading import read_header
from deploy.testbed.ct import ct_slice, part10
from tests.factories.images import image_header
from tests.factories.reach import must_reach, reached


def parsed_file(raw: bytes) -> ParsedFile:
    return parse(io.BytesIO(raw), HeaderLimits())


def frames_of(raw: bytes) -> FrameIndex:
    _, frames, _ = image_of(io.BytesIO(raw), parsed_file(raw))
    assert frames is not None
    return frames


places = st.tuples(*[st.floats(-1e3, 1e3)] * 3)


@given(st.builds(FrameValues, slope=st.floats(0.1, 9), windows=st.just(((40.0, 400.0),)), position=places))
def test_a_header_survives_json(shared: FrameValues) -> None:
    header = image_header(shared=shared, per_frame=(shared,), padding=(-5, 3), pixel_spacing=(0.5, 0.7))
    assert ImageHeader.from_json(json.loads(json.dumps(header.to_json()))) == header


def test_a_header_that_an_older_release_stored_is_read() -> None:
    assert ImageHeader.from_json(image_header().to_json() | {"lossy": True}) == image_header()


pieces = st.tuples(st.integers(0, 2**60), st.integers(0, 2**31))


@must_reach("several frames", "a frame of several pieces", "a frame of none")
@given(st.lists(st.lists(pieces, max_size=3).map(tuple), max_size=5).map(tuple))
def test_a_frame_index_survives_bytes(frames: Any) -> None:
    lengths = {len(frame) for frame in frames}
    reached(*(["several frames"] if len(frames) > 1 else []), *(["a frame of none"] if 0 in lengths else []))
    reached(*(["a frame of several pieces"] if max(lengths, default=0) > 1 else []))
    assert FrameIndex.from_bytes(FrameIndex(frames).to_bytes()) == FrameIndex(frames)


def test_an_index_is_taken_apart_once_for_all_its_frames() -> None:
    raw = FrameIndex((((1, 2),),) * 3).to_bytes()
    assert FrameIndex.from_bytes(raw) is FrameIndex.from_bytes(bytes(bytearray(raw)))


def test_native_frames_are_read_by_their_index_alone() -> None:
    ds = ct_slice(InstanceNumber=7)
    raw = part10(ds)
    parsed = parsed_file(raw)
    header, frames, _ = image_of(io.BytesIO(raw), parsed)
    assert header is not None
    assert frames is not None
    ((start, length),) = frames.pieces(0)
    assert raw[start : start + length] == ds.PixelData
    assert raw[parsed.pixel_offset : (parsed.pixel_offset or 0) + 4] == b"\xe0\x7f\x10\x00"
    pixels = decode_frame(header, raw[start : start + length]).pixels
    assert pixels.dtype == np.int16
    assert pixels[0, 0] == -393


@pytest.mark.parametrize("with_table", [True, False])
def test_encapsulated_frames_are_found_with_and_without_an_offset_table(with_table: bool) -> None:
    ds = ct_slice(NumberOfFrames=2)
    codes = [b"\xff\xd8first\x00", b"\xff\xd8second"]
    ds.PixelData = encapsulate(codes, fragments_per_frame=2, has_bot=with_table)
    ds["PixelData"].is_undefined_length = True
    ds["PixelData"].VR = "OB"
    raw = part10(ds, JPEGLSLossless)
    frames = frames_of(raw)
    found = [b"".join(raw[start : start + length] for start, length in frames.pieces(k)) for k in range(2)]
    assert [bytes(code) for code in found] == codes


ONE, TWO, REST = b"\xff\xd8one", b"\xff\xd8two.", b"rest"
RUNS = [bytes([1, 0, 0, 0, 64, 0, 0, 0]) + bytes(56) + each for each in (b"one", b"two!")]


@pytest.mark.parametrize(
    ("table", "fragments", "expected"),
    [
        (b"", [ONE, TWO], [ONE, TWO]),
        (b"", [ONE, REST, TWO, REST], [ONE + REST, TWO + REST]),
        (b"", [b"", ONE, TWO], [ONE, TWO]),  # an empty item more than there should be
        (b"", [ONE, b"", TWO, b""], [ONE, TWO]),
        (b"", [ONE, b""], [ONE, b""]),  # the second frame is lost
        (None, [ONE, TWO], [ONE, TWO]),  # no table, not even an empty one
        (None, [ONE, REST, TWO], [ONE + REST, TWO]),
        (None, RUNS, RUNS),
        (b"", [b"", *RUNS, b""], RUNS),
        (bytes(8), [ONE, TWO], [ONE, TWO]),
        (struct.pack("<2I", 1000, 1014), [ONE, TWO], [ONE, TWO]),  # counted from the start of the file
        (struct.pack("<3I", 0, 14, 28), [ONE, TWO], [ONE, TWO]),
        (bytes(10), [ONE, REST, TWO], [ONE + REST, TWO]),
    ],
)
def test_fragments_belong_to_their_frames_whatever_is_wrong_with_the_table(
    table: bytes | None, fragments: list[bytes], expected: list[bytes]
) -> None:
    def item(value: bytes) -> bytes:
        return b"\xfe\xff\x00\xe0" + struct.pack("<I", len(value)) + value

    items = b"" if table is None else item(table)
    file = io.BytesIO(items + b"".join(map(item, fragments)) + b"\xfe\xff\xdd\xe0\0\0\0\0")
    frames = index_encapsulated(file, 0, image_header(number_of_frames=2))
    found = [
        b"".join(file.getvalue()[start : start + length] for start, length in frames.pieces(number))
        for number in range(2)
    ]
    assert found == expected


def test_a_frame_that_is_cut_off_has_no_pieces() -> None:
    ds = ct_slice()
    ds.PixelData = ds.PixelData[:100]
    assert frames_of(part10(ds)).pieces(0) == ()


def test_a_fragment_that_is_cut_off_is_a_missing_frame() -> None:
    ds = ct_slice(NumberOfFrames=2)
    ds.PixelData = encapsulate([b"\xff\xd8first\x00", b"\xff\xd8second"])
    ds["PixelData"].is_undefined_length = True
    ds["PixelData"].VR = "OB"
    raw = part10(ds, JPEGLSLossless)
    _, frames, _ = image_of(io.BytesIO(raw[:-12]), parsed_file(raw))  # cut after it was parsed
    assert frames is not None
    assert [len(frames.pieces(k)) for k in range(2)] == [1, 0]


class CountingFile(io.BytesIO):
    """Counts the bytes that were read of it."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


def test_an_offset_table_for_other_frames_than_there_are_is_not_even_read() -> None:
    ds = ct_slice()
    code, table = b"\xff\xd8only", bytes(8 * 100_000)
    length = len(table).to_bytes(4, "little")
    ds.PixelData = encapsulate([code], has_bot=False).replace(bytes(4), length + table, 1)
    ds["PixelData"].is_undefined_length = True
    ds["PixelData"].VR = "OB"
    file = CountingFile(part10(ds, JPEGLSLossless))
    _, frames, _ = image_of(file, parsed_file(file.getvalue()))
    assert frames is not None
    ((start, length),) = frames.pieces(0)
    assert file.getvalue()[start : start + length] == code
    assert file.count < 1000


def functional_groups(*depths: float, same_window: bool = True) -> Dataset:
    """An enhanced CT with one frame at each depth."""

    def group(depth: float) -> Dataset:
        item = Dataset()
        item.PlanePositionSequence = [Dataset()]
        item.PlanePositionSequence[0].ImagePositionPatient = [0, 0, depth]
        item.FrameVOILUTSequence = [Dataset()]
        item.FrameVOILUTSequence[0].WindowCenter = 40 if same_window else depth
        item.FrameVOILUTSequence[0].WindowWidth = 300
        return item

    shared = Dataset()
    shared.PixelMeasuresSequence = [Dataset()]
    shared.PixelMeasuresSequence[0].PixelSpacing = [0.5, 0.25]
    shared.PixelValueTransformationSequence = [Dataset()]
    shared.PixelValueTransformationSequence[0].RescaleSlope = 2
    shared.PixelValueTransformationSequence[0].RescaleIntercept = -1000
    ds = ct_slice(NumberOfFrames=len(depths))
    for keyword in ("WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept", "PixelSpacing"):
        delattr(ds, keyword)
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.PerFrameFunctionalGroupsSequence = [group(depth) for depth in depths]
    return ds


def test_an_enhanced_image_has_the_values_of_its_functional_groups() -> None:
    header = read_header(functional_groups(5.0, -5.0), EXPLICIT_LE)
    assert header.pixel_spacing == (0.5, 0.25)
    assert [header.values(k).position for k in (0, 1)] == [(0, 0, 5.0), (0, 0, -5.0)]
    assert {(header.values(k).slope, header.values(k).intercept, header.values(k).windows) for k in (0, 1)} == {
        (2.0, -1000.0, ((40.0, 300.0),))
    }
    assert header.of_frame(1).values(1) == header.values(1)
    assert header.of_frame(1).per_frame == ()
    assert ImageHeader.from_json(json.loads(json.dumps(header.to_json()))) == header


def test_frames_that_are_alike_are_kept_once() -> None:
    header = read_header(functional_groups(1.0, 1.0, 1.0), EXPLICIT_LE)
    assert header.per_frame == ()
    assert header.values(2).position == (0, 0, 1.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"PhotometricInterpretation": "RGB"},
        {"PhotometricInterpretation": "HSV"},
        {"SamplesPerPixel": 3},
        {"HighBit": 3},
        {"BitsAllocated": 12},
        {"PhotometricInterpretation": "PALETTE COLOR"},
    ],
)
def test_a_contradictory_description_is_refused_by_name(changes: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedImage):
        read_header(ct_slice(**changes), EXPLICIT_LE)


@pytest.mark.parametrize("keep", range(0, 40, 3))
def test_a_file_cut_anywhere_around_its_pixels_raises_nothing_but_says_so(keep: int) -> None:
    raw = part10(ct_slice())
    parsed = parsed_file(raw)
    assert parsed.pixel_offset is not None
    header, frames, reason = image_of(io.BytesIO(raw[: parsed.pixel_offset + keep]), parsed)
    assert reason or (header is not None and frames is not None and frames.pieces(0) == ())


def test_a_header_that_pydicom_cannot_convert_is_refused_by_name() -> None:
    ds = ct_slice()
    ds[BaseTag(0x00280010)] = RawDataElement(BaseTag(0x00280010), "US", 3, b"odd", 0, False, True)
    with pytest.raises(UnsupportedImage, match="description_unreadable"):
        read_header(ds, EXPLICIT_LE)


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

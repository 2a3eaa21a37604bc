"""Frames come as they are stored, without parsing a header."""

from __future__ import annotations

import io
import zlib

import imagecodecs
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.encaps import encapsulate, generate_frames

from deploy.testbed.ct import ct_slice, part10
from deploy.testbed.shared_data import files_of
from tests.factories.readable_study import CINE, NATIVE, ONE, STUDY, TEXT, picture
from tests.factories.reading_machine import ReadingMachine
from tests.shared_data import needs


def test_native_frames_are_the_stored_bytes(machine: ReadingMachine) -> None:
    parts = machine.parts(CINE + "/frames/3,1", NATIVE)
    assert [content for _, content in parts] == [b"\x02" * 64, b"\x00" * 64]
    headers = parts[0][0]
    assert headers["content-type"] == "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
    assert headers["content-location"].endswith(CINE + "/frames/3")


@pytest.mark.parametrize(
    ("bits", "vr", "side", "stored"),
    [
        (16, "OW", 2, b"\0\1\0\2\0\3\0\4" * 2),
        (32, "OW", 2, b"\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4" * 2),
        (8, "OB", 3, bytes(range(1, 10)) * 2),
        # words: the frame of nine bytes that ends in the middle of a word is followed by the other
        (8, "OW", 3, b"\2\1\4\3\6\5\x08\7\1\x09\3\2\5\4\7\6\x09\x08"),
    ],
)
def test_big_endian_frames_go_out_in_little_endian(
    machine: ReadingMachine, bits: int, vr: str, side: int, stored: bytes
) -> None:
    uid = f"1.2.77.{bits}.{side}.{len(vr + 'x' * (vr == 'OB'))}"
    dataset = ct_slice(
        StudyInstanceUID=uid, SeriesInstanceUID=uid, SOPInstanceUID=uid, NumberOfFrames=2, PixelData=stored
    )
    dataset.Rows = dataset.Columns = side
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit, dataset.PixelRepresentation = bits - 1, 0
    dataset["PixelData"].VR = vr
    machine.hold(part10(dataset, "1.2.840.10008.1.2.2"))
    where = f"/studies/{uid}/series/{uid}/instances/{uid}"
    for path in ("/frames/1,2", "/bulkdata/7FE00010"):
        parts = machine.parts(where + path, NATIVE)
        assert parts[0][0]["content-type"].endswith("transfer-syntax=1.2.840.10008.1.2.1")
        for _, content in parts:
            kind = f"<u{bits // 8}"
            assert np.frombuffer(content, kind).tolist() == list(range(1, side * side + 1))


def one_bit_frames(count: int) -> NDArray[np.uint8]:
    """Frames of 5 x 5 pixels of one bit, so that only the first begins at a byte."""
    return np.random.default_rng(5).integers(0, 2, (count, 5, 5), dtype=np.uint8)


def packed(bits: NDArray[np.uint8]) -> bytes:
    """PS3.5 8.1.1: eight pixels a byte, the first in the least significant bit."""
    return np.packbits(bits.reshape(-1), bitorder="little").tobytes()


def deflated(frame: NDArray[np.uint8]) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data = deflater.compress(packed(frame)) + deflater.flush()
    return data + b"\0" * (len(data) % 2)


@pytest.mark.parametrize(
    "syntax",
    [
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.2",
        "1.2.840.10008.1.2.8.1",
    ],
)
def test_frames_of_single_bits_begin_at_a_byte_and_their_element_has_no_gaps(
    machine: ReadingMachine, syntax: str
) -> None:
    frames, uid = one_bit_frames(3), f"1.2.78.{len(syntax)}.{syntax[-1]}"
    value = packed(frames) + b"\0" * (len(packed(frames)) % 2)
    dataset = ct_slice(
        StudyInstanceUID=uid, SeriesInstanceUID=uid, SOPInstanceUID=uid, NumberOfFrames=3, PixelData=value
    )
    for keyword in ("WindowCenter", "WindowWidth", "RescaleIntercept", "RescaleSlope"):
        dataset.pop(keyword, None)
    dataset.Rows = dataset.Columns = 5
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit, dataset.PixelRepresentation = 0, 0
    dataset["PixelData"].VR = "OB"
    if syntax.endswith(".8.1"):
        dataset.PixelData = encapsulate([deflated(frame) for frame in frames])
        dataset["PixelData"].is_undefined_length = True
    machine.hold(part10(dataset, syntax))
    where = f"/studies/{uid}/series/{uid}/instances/{uid}"
    parts = machine.parts(f"{where}/frames/3,1,2", NATIVE)
    assert [content for _, content in parts] == [packed(frames[at]) for at in (2, 0, 1)]
    assert machine.get(f"{where}/frames/2", "application/octet-stream").get_data() == packed(frames[1])
    assert [content for _, content in machine.parts(where + "/pixeldata", NATIVE)] == [packed(one) for one in frames]
    assert machine.get(where + "/bulkdata/7FE00010", "application/octet-stream").get_data() == packed(frames)
    [(_, whole)] = machine.parts(where, 'multipart/related; type="application/dicom"')
    assert pydicom.dcmread(io.BytesIO(whole)).PixelData == value
    for number in (1, 2, 3):
        shown = picture(machine.get(f"{where}/frames/{number}/rendered", "image/png"))
        assert ((shown.reshape(5, 5, -1)[:, :, 0] > 0) == frames[number - 1].astype(bool)).all()


@pytest.mark.parametrize("frames", ["0", "a", "1,", "-1", "1,,2", "1-2", "99999999999"])
def test_bad_frame_lists_are_400(machine: ReadingMachine, frames: str) -> None:
    assert machine.get(f"{CINE}/frames/{frames}").status_code == 400


@pytest.mark.parametrize("path", [CINE + "/frames/5", CINE + "/frames/1,5", TEXT + "/frames/1"])
def test_frames_that_do_not_exist_are_404(machine: ReadingMachine, path: str) -> None:
    assert machine.get(path).status_code == 404


@pytest.mark.parametrize(
    "accept", ["image/jpeg", 'multipart/related; type="image/jls"', NATIVE + "; transfer-syntax=1.2"]
)
def test_frames_in_encodings_not_stored_are_406(machine: ReadingMachine, accept: str) -> None:
    assert machine.get(CINE + "/frames/1", accept).status_code == 406


@pytest.mark.parametrize(
    ("folder", "pattern", "media_type"),
    [
        ("ct-chest-nlst-101287", "ct/*", "image/jls"),
        ("us-xa-cine-a", "*", "image/jpeg"),
    ],
)
def test_compressed_frames_of_real_files_go_out_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, folder: str, pattern: str, media_type: str
) -> None:
    needs(folder)
    machine = ReadingMachine(tmp_path_factory.mktemp("real"))
    compressed = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.50")
    candidates = (path for path in files_of(folder) if path.match(pattern))
    path = next(path for path in candidates if pydicom.dcmread(path).file_meta.TransferSyntaxUID in compressed)
    machine.hold(path.read_bytes())
    dataset = pydicom.dcmread(path)
    where = f"/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}/instances/{dataset.SOPInstanceUID}"
    count = int(dataset.get("NumberOfFrames", 1))
    expected = list(generate_frames(dataset.PixelData, number_of_frames=count))
    for accept in (f'multipart/related; type="{media_type}"', NATIVE + "; transfer-syntax=*"):
        parts = machine.parts(f"{where}/frames/{count}", accept)
        assert [content for _, content in parts] == [expected[-1]]
    [(headers, native)] = machine.parts(f"{where}/frames/1", NATIVE)
    assert headers["content-type"] == "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
    decode = imagecodecs.jpegls_decode if media_type == "image/jls" else imagecodecs.jpeg8_decode
    decoded = decode(expected[0])
    assert (np.frombuffer(native, decoded.dtype) == decoded.reshape(-1)).all()
    shown = picture(machine.get(f"{where}/rendered", "image/png"))
    assert shown.shape[:2] == (dataset.Rows, dataset.Columns)
    assert machine.get(f"{where}/metadata").json[0]["7FE00010"]["BulkDataURI"]
    machine.close()


def test_no_request_for_a_frame_or_a_picture_parses_a_header(
    machine: ReadingMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parsing(*_: object, **__: object) -> None:
        raise AssertionError("a header was parsed")

    reader = "app.imaging.sandbox.header_pool.HeaderPool."
    for name in ("pydicom.filereader.read_dataset", "pydicom.filereader.data_element_generator", reader + "stored_all"):
        monkeypatch.setattr(name, parsing)
    monkeypatch.setattr(reader + "stored", parsing)
    for path in (
        ONE + "/frames/1",
        CINE + "/frames/3,1",
        CINE + "/frames/2/rendered",
        f"/studies/{STUDY}/thumbnail",
        ONE,
    ):
        assert machine.get(path).status_code == 200
    assert machine.get(ONE + "/metadata").status_code == 500, "it needs the header, which nobody can read now"

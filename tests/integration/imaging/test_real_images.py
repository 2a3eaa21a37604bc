"""Real images of every transfer syntax: shown, or named with a reason; pictures agree with those of other programs."""

from __future__ import annotations

import io
import shutil
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.pixels import pixel_array
from pydicom.uid import ImplicitVRLittleEndian

from app.dicom.part10 import HeaderLimits, parse
from app.errors import RefusedObject
from app.imaging.codecs.decode import decode_frame
from app.imaging.codecs.deflated_object import inflated_object
from app.imaging.display.contrast import own_range
from app.imaging.display.overlays import with_overlays
from app.imaging.display.window import Rescale, Shown, to_display
from app.imaging.errors import ImagingError
from app.imaging.header.frame_index import FrameIndex
from app.imaging.header.image_header import ImageHeader
from app.imaging.header.image_index import image_of
from deploy.testbed.ct import part10
from deploy.testbed.shared_data import files_of
from tests.shared_data import needs

FOLDERS = ("transfer-syntaxes-a", "cr-dx-chest-a", "mg-a", "us-xa-cine-a")
NO_PIXELS = "the object holds no pixels"
NOT_SHOWN = {"no-pixel-data.dcm": NO_PIXELS}
# Files that hold the same pixels, and how many of them are coded without loss: all must decode to the same values.
SAME_PIXELS = {"CTImage.dcm*": 10, "MR_small*.dcm": 8, "emri_small*.dcm": 6, "liver_[!n]*.dcm": 4, "liver_n*.dcm": 4}
LOSSY = tuple(f".4.{end}" for end in ("50", "51", "53", "55", "81", "91"))


def content(path: Path) -> bytes:
    """The file; the few that come without a preamble get it, and what else ingest asks for (PS3.10 7.1)."""
    raw = path.read_bytes()
    if raw[128:132] == b"DICM":
        return raw
    dataset = dcmread(path, force=True)
    for keyword in ("SOPClassUID", "SOPInstanceUID"):
        if keyword not in dataset:
            setattr(dataset, keyword, "1.2.3")
    return part10(dataset, str(dataset.file_meta.get("TransferSyntaxUID", ImplicitVRLittleEndian)))


def image_in(raw: bytes) -> tuple[ImageHeader | None, FrameIndex | None, str | None]:
    """As ingest reads it: header, frame index, why it is not shown. Raises RefusedObject."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom tells what is odd about odd files
        return image_of(io.BytesIO(raw), parse(io.BytesIO(raw), HeaderLimits()))


def header_of(path: Path) -> ImageHeader | None:
    return image_in(content(path))[0]


def frame_of(path: Path, number: int = 0) -> tuple[ImageHeader, bytes]:
    raw = content(path)
    header, frames, not_shown = image_in(raw)
    assert header is not None, not_shown or NO_PIXELS
    if frames is None:
        return header, inflated_object(raw, header.pixel_keyword).frame(header, number)
    return header, b"".join(raw[start : start + length] for start, length in frames.pieces(number))


def first_frame(path: Path) -> tuple[ImageHeader, bytes]:
    return frame_of(path, 0)


def shown(path: Path, number: int = 0) -> Shown:
    header, frame = frame_of(path, number)
    return to_display(decode_frame(header, frame, number), header, frame=number)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_frame_is_shown_or_named(folder: str) -> None:
    needs(folder)
    failed = {}
    for path in files_of(folder):
        header = header_of(path)
        for number in range(header.number_of_frames if header else 1):
            try:
                assert shown(path, number).ndim in (2, 3)
            except (AssertionError, ImagingError) as error:
                failed[path.name] = str(error).splitlines()[0]
    names = {path.name for path in files_of(folder)}
    assert failed == {name: reason for name, reason in NOT_SHOWN.items() if name in names}


def test_malformed_files_are_named_and_raise_nothing_else() -> None:
    needs("malformed-a")
    reasons = {}
    for path in files_of("malformed-a"):
        try:
            not_shown = image_in(path.read_bytes())[2]
        except RefusedObject as refused:
            reasons[path.name] = refused.reason
            continue
        try:
            reasons[path.name] = "shown" if shown(path).size else "empty"
        except (AssertionError, ImagingError) as error:
            reasons[path.name] = str(not_shown or error).splitlines()[0]
    assert reasons["2026-05-26-oob-monochrome-46341.dcm"] == "too_many_pixels"
    assert reasons["MR_truncated.dcm"] == "pixels_truncated"
    assert reasons["JPEG2000-embedded-sequence-delimiter.dcm"] == "JPEG 2000: another size than described"
    assert reasons["MR_small_padded.dcm"] == "shown"
    assert reasons["reportsi_with_empty_number_tags.dcm"] == NO_PIXELS


@pytest.mark.parametrize("names", SAME_PIXELS)
def test_the_same_pixels_decode_to_the_same_values_in_every_lossless_syntax(names: str) -> None:
    paths = sorted(needs("transfer-syntaxes-a").glob(names))
    headers = {path: header_of(path) for path in paths}
    lossless = {
        path: header for path, header in headers.items() if header and not header.transfer_syntax_uid.endswith(LOSSY)
    }
    assert len(lossless) == SAME_PIXELS[names]
    for number in range(max(header.number_of_frames for header in lossless.values())):
        values = [decode_frame(*frame_of(path, number), number).pixels for path in lossless]
        assert all(np.array_equal(values[0], other) for other in values[1:])


@pytest.mark.parametrize(("folder", "at_least"), [("transfer-syntaxes-a", 95), ("mg-a", 1), ("us-xa-cine-a", 5)])
def test_pixels_agree_with_pydicom_wherever_it_decodes(folder: str, at_least: int) -> None:
    """pydicom decodes JPEG and JPEG 2000 with Pillow and the rest itself: nothing of imagecodecs."""
    needs(folder)
    compared, different = 0, {}
    for path in files_of(folder):
        header = header_of(path)
        if header is None:
            continue
        number = header.number_of_frames // 2
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = pixel_array(path, index=number)
        except Exception:  # a syntax that pydicom cannot decode by itself
            continue
        encoded = frame_of(path, number)
        decoded = decode_frame(*encoded, number)
        ours = decoded.pixels
        if header.samples_per_pixel == 3 and header.bits_stored == 8:
            ours = to_display(decoded, header)  # pydicom hands out RGB
        compared += 1
        distance = np.abs(theirs.astype(np.float64) - ours.astype(np.float64))
        if np.nanmax(distance) > (1 if header.samples_per_pixel == 3 else 0):
            different[path.name] = float(np.nanmax(distance))
    assert different == {}
    assert compared >= at_least


def _own_window(path: Path, header: ImageHeader) -> tuple[str, str]:
    """Center and width of the first frame's own range as a LINEAR window (PS3.3 C.11.2.1.2): DCMTK has no other."""
    values = header.values(0)
    pixels = decode_frame(*first_frame(path)).pixels
    low, high = own_range(pixels, header, Rescale(header.modality_lut, values.slope, values.intercept))
    return str((low + high) / 2 + 0.5), str(high - low + 1)


def by_dcmtk(path: Path, header: ImageHeader, target: Path) -> Shown | None:
    """DCMTK's picture of the first frame, or None when DCMTK cannot read the file or takes it for another size."""
    tool = "dcml2pnm" if header.transfer_syntax_uid.endswith((".4.80", ".4.81")) else "dcmj2pnm"
    options = ["--write-raw-pnm", "--no-overlays", "--frame", "1"]
    if header.samples_per_pixel == 1 and header.palette is None:
        if header.values(0).windows:
            options += ["--use-window", "1"]
        elif header.voi_lut is None and header.bits_stored > 8:
            options += ["--set-window", *_own_window(path, header)]
    done = subprocess.run([tool, *options, str(path), str(target)], capture_output=True, timeout=60, check=False)
    return np.asarray(Image.open(target)) if done.returncode == 0 and target.exists() else None


@pytest.mark.parametrize(
    ("folder", "at_least"), [("transfer-syntaxes-a", 100), ("cr-dx-chest-a", 4), ("mg-a", 2), ("us-xa-cine-a", 5)]
)
def test_pictures_agree_with_dcmtk_within_one_grey_level(folder: str, at_least: int, tmp_path: Path) -> None:
    needs(folder)
    if not shutil.which("dcmj2pnm") or not shutil.which("dcml2pnm"):
        pytest.skip("DCMTK is not on this machine")
    compared, different = 0, {}
    for number, path in enumerate(files_of(folder)):
        header = header_of(path)
        if header is None or header.bits_allocated == 1:  # DCMTK shows single bits as black and grey
            continue
        theirs, ours = by_dcmtk(path, header, tmp_path / f"{number}.pnm"), shown(path)
        if theirs is None or theirs.shape != ours.shape:
            continue
        compared += 1
        distance = int(np.abs(theirs.astype(int) - ours.astype(int)).max())
        if distance > 1:
            different[path.name] = (header.transfer_syntax_uid, header.photometric_interpretation, distance)
    assert different == {}
    assert compared >= at_least


@pytest.mark.parametrize(
    ("folder", "name"), [("transfer-syntaxes-a", "examples_overlay.dcm"), ("mg-a", "OutOfBoundsOverlay.dcm")]
)
def test_overlays_agree_with_dcmtk(folder: str, name: str, tmp_path: Path) -> None:
    path = needs(folder) / name
    if not shutil.which("dcmj2pnm"):
        pytest.skip("DCMTK is not on this machine")
    target = tmp_path / "theirs.pnm"
    command = ["dcmj2pnm", "--write-raw-pnm", "--use-window", "1", str(path), str(target)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    header, encoded = first_frame(path)
    decoded = decode_frame(header, encoded)
    plain = to_display(decoded, header)
    ours = with_overlays(plain, decoded, header, 0)
    assert (ours != plain).any()
    assert np.abs(np.asarray(Image.open(target)).astype(int) - ours).max() <= 1

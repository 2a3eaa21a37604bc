"""Real images of every transfer syntax: each is shown, or named with its reason; compared with DCMTK."""

from __future__ import annotations

import io
import shutil
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.imaging.decode import decode_frame
from app.imaging.errors import ImagingError
from app.imaging.header import ImageHeader
from app.imaging.part10 import inflated_frame, parse
from app.imaging.window import Shown, to_display
from tests.shared_data import files_of, needs

FOLDERS = ("transfer-syntaxes-a", "cr-dx-chest-a", "mg-a", "us-xa-cine-a")
NOT_SHOWN = {"no-pixel-data.dcm": "the object holds no pixels"}


def first_frame(path: Path) -> tuple[ImageHeader, bytes]:
    raw = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom tells what is odd about odd files
        parsed = parse(io.BytesIO(raw))
        assert parsed.header is not None, parsed.not_shown
        if parsed.frames is None:
            return parsed.header, inflated_frame(raw, 0)
    return parsed.header, b"".join(raw[start : start + length] for start, length in parsed.frames.pieces(0))


def shown(path: Path) -> Shown:
    header, frame = first_frame(path)
    return to_display(decode_frame(header, frame), header)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_image_is_shown_or_named(folder: str) -> None:
    needs(folder)
    failed = {}
    for path in files_of(folder):
        try:
            picture = shown(path)
            assert picture.ndim in (2, 3)
        except (AssertionError, ImagingError) as error:
            failed[path.name] = str(error)
    assert set(failed) == {path.name for path in files_of(folder)} & set(NOT_SHOWN), failed


def by_dcmtk(path: Path, target: Path, *options: str) -> Shown | None:
    """DCMTK's picture of the first frame, or None when DCMTK cannot read the file."""
    tool = "dcmj2pnm" if shutil.which("dcmj2pnm") else "dcm2pnm"
    command = [tool, "--write-raw-pnm", "--no-overlays", "--frame", "1", *options, str(path), str(target)]
    if subprocess.run(command, capture_output=True, timeout=60, check=False).returncode or not target.exists():
        return None
    return np.asarray(Image.open(target))


@pytest.mark.parametrize(
    ("folder", "at_least"), [("transfer-syntaxes-a", 40), ("cr-dx-chest-a", 2), ("us-xa-cine-a", 3)]
)
def test_pictures_agree_with_dcmtk_within_two_grey_levels(folder: str, at_least: int, tmp_path: Path) -> None:
    needs(folder)
    if not shutil.which("dcm2pnm"):
        pytest.skip("DCMTK is not on this machine")
    compared, different = 0, {}
    for number, path in enumerate(files_of(folder)):
        if path.name in NOT_SHOWN:
            continue
        header, frame = first_frame(path)
        if header.bits_allocated == 1 or header.pixel_keyword != "PixelData":
            continue
        grey = header.samples_per_pixel == 1 and header.photometric_interpretation != "PALETTE COLOR"
        has_voi = header.values(0).windows or header.voi_lut
        if grey and not has_voi and header.bits_stored > 8:
            options = ("--min-max-window",)
        else:
            options = ("--use-window", "1") if grey and header.values(0).windows else ()
        theirs = by_dcmtk(path, tmp_path / f"{number}.pnm", *options)
        ours = to_display(decode_frame(header, frame), header)
        if theirs is None or theirs.shape != ours.shape:
            continue
        compared += 1
        distance = np.abs(theirs.astype(int) - ours.astype(int))
        if np.percentile(distance, 99.9) > 2:
            different[path.name] = (header.transfer_syntax_uid, header.photometric_interpretation, int(distance.max()))
    assert different == {}
    assert compared >= at_least

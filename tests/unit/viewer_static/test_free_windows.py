"""The viewer's own windows against the server's, on the same values."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from app.imaging.display.full_depth import full_depth
from app.imaging.display.window import Window, to_display
from app.imaging.header.image_header import FrameValues, ImageHeader
from app.imaging.header.lut import Lut
from tests.factories.images import frame, image_header
from tests.places import ROOT

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed: the viewer's windows were not drawn")
WINDOWS = [(40, 400), (-600, 1500), (35, 90), (40, 1), (40, 2), (0.25, 0.5), (-1000, 4096), (123.4, 0.01), (3000, 17)]
LUMPY = np.random.default_rng(5).integers(-1024, 3072, (40, 50)).astype(np.int16)


def drawn_by_the_viewer(body: bytes, windows: Sequence[tuple[float, float]]) -> list[npt.NDArray[np.uint8]]:
    assert NODE
    plain = base64.b64encode(zlib.decompress(body, 31)).decode()
    asked = {"body": plain, "windows": [{"center": center, "width": width} for center, width in windows]}
    done = subprocess.run(
        [NODE, str(ROOT / "tests" / "js" / "depth.mjs")],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told = json.loads(done.stdout)
    shape = told["rows"], told["columns"]
    return [np.frombuffer(base64.b64decode(one), np.uint8).reshape(shape) for one in told["drawn"]]


@pytest.mark.parametrize(
    ("pixels", "header"),
    [
        (LUMPY, image_header()),
        (LUMPY, replace(image_header(), shared=FrameValues(slope=0.37, intercept=-512.5))),
        (LUMPY, image_header(photometric_interpretation="MONOCHROME1")),
        (LUMPY, image_header(presentation_lut_shape="INVERSE")),
        ((LUMPY + 1024).astype(np.uint16), image_header(signed=False, modality_lut=Lut.of(7, list(range(0, 9000, 3))))),
        ((LUMPY & 255).astype(np.uint8), image_header(signed=False, bits_allocated=8, bits_stored=8, high_bit=7)),
    ],
)
def test_each_grey_level_is_that_of_the_server(pixels: npt.NDArray[Any], header: ImageHeader) -> None:
    decoded = frame(pixels)
    shown = drawn_by_the_viewer(full_depth(decoded, header, 0), WINDOWS)
    assert len(shown) == len(WINDOWS)
    greys = set()
    for (center, width), picture in zip(WINDOWS, shown, strict=True):
        assert np.array_equal(picture, to_display(decoded, header, Window(center, width)))
        greys |= set(np.unique(picture).tolist())
    assert len(greys) > 60  # the windows do not only cut off


def test_values_that_were_changed_on_their_way_are_not_drawn() -> None:
    body = bytearray(zlib.decompress(full_depth(frame(LUMPY), image_header(), 0), 31))
    body[-1] ^= 2
    with pytest.raises(subprocess.CalledProcessError, match="returned non-zero") as failed:
        drawn_by_the_viewer(zlib.compress(bytes(body), wbits=31), WINDOWS)
    assert "values were changed on their way" in failed.value.stderr

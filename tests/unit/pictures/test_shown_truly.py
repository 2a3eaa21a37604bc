"""From the file to the patient's picture: round is round, overlays are seen, what is missing is marked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit

from app.bootstrap import Services
from app.imaging.codecs.encode import is_incomplete
from app.imaging.sandbox.pool import RenderSpec
from deploy.testbed.ct import ct_slice, part10
from tests.factories.house import services
from tests.factories.pictures_of import array, jpeg_of, manifest_of, png_of, prepare
from tests.factories.telling import exam_of


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path)
    yield built
    built.pictures.renderer.close()
    built.db.dispose()


def test_a_circle_of_pixels_that_are_not_square_is_drawn_round(house: Services) -> None:
    rows, columns = 60, 120  # each pixel is twice as high as wide
    y, x = np.mgrid[0:rows, 0:columns]
    disc = ((y - 29.5) * 2) ** 2 + (x - 59.5) ** 2 < 40**2
    pixels = np.where(disc, 100, -100).astype(np.int16)
    dataset = ct_slice(
        Rows=rows,
        Columns=columns,
        PixelSpacing=[1.0, 0.5],
        WindowCenter=0,
        WindowWidth=200,
        PixelData=pixels.tobytes(),
    )
    prepare(house, part10(dataset))
    picture = png_of(house) > 127
    assert picture.shape == (120, 120)
    height, width = np.ptp(np.nonzero(picture)[0]) + 1, np.ptp(np.nonzero(picture)[1]) + 1
    assert abs(int(height) - int(width)) <= 1
    (series,) = manifest_of(house)
    assert (series["rows"], series["columns"]) == (120, 120)
    assert array(jpeg_of(house)).shape == array(jpeg_of(house, preview=True)).shape == (120, 120)
    exam = exam_of(house)
    small = RenderSpec(fmt="png", longest=64)
    assert array(house.pictures.serving.render(exam.id, exam.revision, 1, 1, small)).shape == (64, 64)


def test_a_stream_without_its_end_is_shown_as_far_as_it_goes_and_marked(house: Services) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (128, 96)).astype(np.uint8)
    stream = bytes(imagecodecs.jpeg8_encode(pixels, level=95))
    attributes = {"Rows": 128, "Columns": 96, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "Modality": "US"}
    files = []
    first = ct_slice(**attributes)
    for number, frame in enumerate((stream, stream[: len(stream) // 2]), 1):
        dataset = ct_slice(
            **attributes,
            PixelRepresentation=0,
            InstanceNumber=number,
            StudyInstanceUID=first.StudyInstanceUID,
            SeriesInstanceUID=first.SeriesInstanceUID,
            ImagePositionPatient=[0, 0, number],
            WindowCenter=None,
            WindowWidth=None,
            RescaleSlope=None,
            RescaleIntercept=None,
        )
        dataset.PixelData = encapsulate([frame])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
        files.append(part10(dataset, JPEGBaseline8Bit))
    prepare(house, *files)
    whole, cut = png_of(house, k=1), png_of(house, k=2)
    assert (cut[:40] == whole[:40]).all()
    assert set(np.unique(cut[-32:])) == {40, 200}  # hatched
    assert [is_incomplete(jpeg_of(house, k=k)) for k in (1, 2)] == [False, True]
    assert [is_incomplete(jpeg_of(house, k=k, preview=True)) for k in (1, 2)] == [False, True]
    assert [series["incomplete"] for series in manifest_of(house)] == [[2]]
    exam = exam_of(house)
    png = house.pictures.serving.render(exam.id, exam.revision, 1, 2, RenderSpec(fmt="png"))
    assert is_incomplete(png)


def test_the_overlay_of_an_image_is_seen_in_its_picture(house: Services) -> None:
    plane = np.zeros((32, 32), np.uint8)
    plane[5, 3:20] = 1
    dataset = ct_slice(32, WindowCenter=4000, WindowWidth=10)  # all black without it
    dataset.add_new((0x6000, 0x0010), "US", 32)
    dataset.add_new((0x6000, 0x0011), "US", 32)
    dataset.add_new((0x6000, 0x0040), "CS", "G")
    dataset.add_new((0x6000, 0x0050), "SS", [1, 1])
    dataset.add_new((0x6000, 0x0100), "US", 1)
    dataset.add_new((0x6000, 0x0102), "US", 0)
    dataset.add_new((0x6000, 0x3000), "OW", np.packbits(plane, bitorder="little").tobytes())
    prepare(house, part10(dataset))
    assert ((png_of(house) == 255) == (plane == 1)).all()

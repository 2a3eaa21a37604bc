"""Rendered pictures: window, viewport, quality, encodings and thumbnails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from app.imaging.codecs.decode import decode_frame
from app.imaging.display.window import Window, to_display
from deploy.testbed.ct import ct_slice, part10
from tests.factories.readable_study import CINE, ONE, SERIES, STUDY, TEXT, picture, slices
from tests.factories.reading_machine import ReadingMachine


def test_jpeg_is_the_default_and_png_is_exact(machine: ReadingMachine) -> None:
    assert machine.get(ONE + "/rendered").content_type == "image/jpeg"
    answer = machine.get(ONE + "/rendered", "image/png", window="500,3000,linear")
    header = machine.services.dicomweb.retrieve.find((STUDY, SERIES, f"{SERIES}.2"), "test", "test", with_images=True)[
        0
    ].image
    assert header is not None
    pixels = (np.arange(64 * 48, dtype="<u2") + 1).reshape(64, 48)
    expected = to_display(decode_frame(header, pixels.tobytes()), header, Window(500, 3000))
    assert (picture(answer) == expected).all()


@pytest.mark.parametrize("function", ["linear", "linear-exact", "sigmoid"])
def test_each_window_function_makes_its_own_picture(machine: ReadingMachine, function: str) -> None:
    answer = machine.get(ONE + "/rendered", "image/png", window=f"512,200,{function}")
    shown = picture(answer)
    assert shown.min() == 0 or function == "sigmoid"
    middle = shown[np.abs(np.arange(64 * 48).reshape(64, 48) + 1 - 1024 - 512) < 1]
    assert abs(int(middle.mean()) - 127) <= 2


def test_accept_in_the_query_goes_before_the_header(machine: ReadingMachine) -> None:
    answer = machine.client.get(
        f"/dicomweb{ONE}/rendered",
        headers={**machine.token, "Accept": "image/jpeg"},
        query_string={"accept": "image/png"},
    )
    assert answer.content_type == "image/png"


@pytest.mark.parametrize(
    ("viewport", "size"),
    [
        ("24,32", (32, 24)),
        ("24,100", (32, 24)),
        ("10,10", (10, 8)),
        ("20,20,0,0,20,40", (20, 10)),
        ("48,64,,,24,", (64, 24)),
    ],
)
def test_the_picture_fits_the_viewport(machine: ReadingMachine, viewport: str, size: tuple[int, int]) -> None:
    shown = picture(machine.get(ONE + "/rendered", "image/png", viewport=viewport))
    assert shown.shape[:2] == size


def test_quality_changes_the_size(machine: ReadingMachine) -> None:
    low, high = (len(machine.get(ONE + "/rendered", quality=quality).get_data()) for quality in ("5", "100"))
    assert low < high


@pytest.mark.parametrize(
    "query",
    [
        {"window": "40,400"},
        {"window": "40,400,cubic"},
        {"window": "40,0,linear"},
        {"window": "40,0.5,linear"},
        {"window": "40,-1,sigmoid"},
        {"window": "nan,400,linear"},
        {"window": "1e99,400,linear"},
        {"window": "a,b,linear"},
        {"viewport": "0,10"},
        {"viewport": "10"},
        {"viewport": "10,10,5"},
        {"viewport": "99999,10"},
        {"viewport": "10,10,0,0,49,64"},
        {"viewport": "10,10,48,0,1,1"},
        {"viewport": "10,10,0,0,-48,64"},
        {"quality": "0"},
        {"quality": "101"},
        {"quality": "best"},
    ],
)
def test_bad_parameters_are_400(machine: ReadingMachine, query: dict[str, str]) -> None:
    assert machine.get(ONE + "/rendered", **query).status_code == 400


@pytest.mark.parametrize(
    "accept", ["image/gif", "text/html", "application/dicom", 'multipart/related; type="image/jpeg"']
)
def test_picture_types_that_are_not_served_are_406(machine: ReadingMachine, accept: str) -> None:
    assert machine.get(ONE + "/rendered", accept).status_code == 406


def test_a_report_has_no_picture(machine: ReadingMachine) -> None:
    assert machine.get(TEXT + "/rendered").status_code == 406
    assert machine.get(TEXT + "/thumbnail").status_code == 406


def test_each_frame_is_rendered_by_its_number(machine: ReadingMachine) -> None:
    levels = [
        int(picture(machine.get(f"{CINE}/frames/{n}/rendered", "image/png", window="1.5,3,linear-exact")).max())
        for n in (1, 2, 4)
    ]
    assert levels[0] < levels[1] < levels[2]
    assert machine.get(f"{CINE}/frames/5/rendered").status_code == 404
    assert machine.get(f"{CINE}/frames/0/rendered").status_code == 400


@pytest.mark.parametrize("path", [f"/studies/{STUDY}", f"/studies/{STUDY}/series/{SERIES}", ONE, CINE + "/frames/2"])
def test_thumbnails_exist_on_every_level(machine: ReadingMachine, path: str) -> None:
    answer = machine.get(path + "/thumbnail")
    assert answer.content_type == "image/jpeg"
    assert max(picture(answer).shape) <= 256


def test_a_frame_that_does_not_decode_is_406_and_the_server_lives(machine: ReadingMachine) -> None:
    dataset = ct_slice(StudyInstanceUID="1.2.9", SeriesInstanceUID="1.2.9.1", SOPInstanceUID="1.2.9.2")
    dataset.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8 this is no JPEG \xff\xd9"])
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    machine.hold(part10(dataset, "1.2.840.10008.1.2.4.50"))
    where = "/studies/1.2.9/series/1.2.9.1/instances/1.2.9.2"
    assert machine.get(f"{where}/rendered").status_code == 406
    assert machine.get(ONE + "/rendered").status_code == 200


def test_without_a_decoder_a_picture_is_not_to_be_had_now(tmp_path: Path) -> None:
    machine = ReadingMachine(tmp_path)
    machine.hold(*slices())
    machine.services.pictures.renderer.close()
    assert machine.get(ONE + "/rendered").status_code == 503
    machine.close()

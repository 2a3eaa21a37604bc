"""Rendered pictures: window, viewport, quality, encodings and thumbnails."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from app.imaging.codecs.decode import decode_frame
from app.imaging.display.window import Window, to_display
from deploy.testbed.ct import ct_slice, part10
from tests.factories.readable_study import CINE, ONE, SERIES, STUDY, TEXT, picture, slices
from tests.factories.readable_study import report as report_file
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
        {"viewport": "10,10,0,0,-49,64"},
        {"viewport": "10,10,0,0,--48,64"},
        {"viewport": "10,10,-1,0,48,64"},
        {"quality": "0"},
        {"quality": "101"},
        {"quality": "best"},
    ],
)
def test_bad_parameters_are_400(machine: ReadingMachine, query: dict[str, str]) -> None:
    assert machine.get(ONE + "/rendered", **query).status_code == 400


@pytest.mark.parametrize(
    "accept", ["image/webp", "text/html", "application/dicom", 'multipart/related; type="image/webp"']
)
def test_picture_types_that_are_not_served_are_406(machine: ReadingMachine, accept: str) -> None:
    assert machine.get(ONE + "/rendered", accept).status_code == 406


def test_a_report_is_a_page_and_no_picture(machine: ReadingMachine) -> None:
    assert machine.get(TEXT + "/rendered").content_type == "text/html; charset=utf-8"
    assert machine.get(TEXT + "/rendered", "image/jpeg").status_code == 406
    assert machine.get(TEXT + "/thumbnail").status_code == 406


def test_each_frame_is_rendered_by_its_number(machine: ReadingMachine) -> None:
    levels = [
        int(picture(machine.get(f"{CINE}/frames/{n}/rendered", "image/png", window="1.5,3,linear-exact")).max())
        for n in (1, 2, 4)
    ]
    assert levels[0] < levels[1] < levels[2]
    assert machine.get(f"{CINE}/frames/5/rendered").status_code == 404
    assert machine.get(f"{CINE}/frames/0/rendered").status_code == 400


def test_each_text_of_a_report_is_escaped(tmp_path: Path) -> None:
    machine = ReadingMachine(tmp_path)
    name, item, report = Dataset(), Dataset(), pydicom.dcmread(io.BytesIO(report_file()))
    name.CodeMeaning = "Finding <i>"
    item.ConceptNameCodeSequence, item.TextValue = [name], "<script>alert(1)</script> & more"
    report.ContentSequence = [item]
    machine.hold(part10(report))
    page = machine.get(TEXT + "/rendered", "text/html").get_data(as_text=True)
    machine.close()
    assert "<b>Finding &lt;i&gt;</b> &lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert "<script" not in page


def test_an_encapsulated_pdf_comes_as_it_is(tmp_path: Path) -> None:
    machine = ReadingMachine(tmp_path)
    report = pydicom.dcmread(io.BytesIO(report_file()))
    report.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    report.EncapsulatedDocument = b"%PDF-1.7 document\0"
    machine.hold(part10(report))
    # a viewer asks for any type, and a browser that shows it as an object for its own list
    for accept in ("application/pdf", None, "*/*", "text/html,application/xhtml+xml;q=0.9,image/webp,*/*;q=0.8"):
        answer = machine.get(TEXT + "/rendered", accept)
        assert (answer.content_type, answer.get_data()) == ("application/pdf", b"%PDF-1.7 document")
    [(_, value)] = machine.parts(TEXT + "/bulkdata/00420011", "*/*")
    assert value == b"%PDF-1.7 document\0"
    machine.close()


@pytest.mark.parametrize(("sides", "turned"), [("-48,64", (1, -1)), ("48,-64", (-1, 1)), ("-48,-64", (-1, -1))])
def test_a_negative_side_mirrors(machine: ReadingMachine, sides: str, turned: tuple[int, int]) -> None:
    plain = picture(machine.get(ONE + "/rendered", "image/png"))
    mirrored = picture(machine.get(ONE + "/rendered", "image/png", viewport=f"48,64,0,0,{sides}"))
    assert (mirrored == plain[:: turned[0], :: turned[1]]).all()


PARTS = 'multipart/related; type="image/png"'


def test_a_study_a_series_and_a_list_of_frames_are_rendered_in_parts(machine: ReadingMachine) -> None:
    for path, count in ((f"/studies/{STUDY}", 4), (f"/studies/{STUDY}/series/{SERIES}", 3), (CINE, 4)):
        assert len(machine.parts(path + "/rendered", PARTS)) == count
        assert machine.get(path + "/rendered").content_type == "image/jpeg"
    parts = machine.parts(CINE + "/frames/4,1/rendered", PARTS)
    assert [headers["content-location"].split("/")[-2] for headers, _ in parts] == ["4", "1"]
    assert all(content.startswith(b"\x89PNG") for _, content in parts)
    assert machine.get(CINE + "/frames/1,2/rendered", "image/png").status_code == 406
    assert machine.get(CINE + "/frames/1,9/rendered", PARTS).status_code in (200, 404)


def test_a_picture_also_comes_as_gif(machine: ReadingMachine) -> None:
    answer = machine.get(ONE + "/rendered", "image/gif")
    assert (answer.content_type, answer.get_data()[:4]) == ("image/gif", b"GIF8")


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

"""What is no picture is listed with the exam, opened by its own session alone, and never lost."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from app.archive.sealed import DataKey
from app.bootstrap import Services
from app.imaging.evidence.reading import Evidence
from app.models import Instance
from app.services.pictures.evidence import EvidenceReading
from deploy.testbed.ct import ct_slice, part10
from tests.factories.access import let_in
from tests.factories.evidence import (
    RAW_DATA,
    RT_PLAN,
    dose_report,
    ecg,
    item,
    key_object_list,
    number_row,
    pdf,
    pdf_object,
    polyline,
    presentation_state,
    segmentation,
    structure_set,
    structured_report,
    text_row,
    without_pixels,
)
from tests.factories.pictures_of import prepare
from tests.factories.sharing import guest, share
from tests.factories.staff import audited
from tests.factories.telling import exam_of

STUDY = "1.2.3.4"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def phone(house: Services, app: Flask) -> tuple[FlaskClient, str]:
    """A CT slice with a report, a dose report, two PDFs, a plan and raw data beside it."""
    objects = (
        ct_slice(StudyInstanceUID=STUDY),
        structured_report(STUDY, text_row("所见", SCRIPT), SeriesNumber=2, SeriesDescription="AI 报告"),
        dose_report(STUDY, number_row("113813", "512.75", "mGy.cm"), number_row("113830", "12.5", "mGy")),
        pdf_object(STUDY, pdf(), SeriesNumber=91),
        pdf_object(STUDY, pdf(script="app.alert(1)"), SeriesNumber=92),
        without_pixels(RT_PLAN, "RTPLAN", STUDY, SeriesNumber=93),
        without_pixels(RAW_DATA + ".99", "OT", STUDY, SeriesNumber=94, SeriesDescription="RAW"),
    )
    prepare(house, *(part10(each) for each in objects))
    exam_id = exam_of(house).id
    return let_in(app, house, exam_id), f"/exams/{exam_id.hex}"


def manifest(client: FlaskClient, page: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{page}/manifest.json").get_json()
    return found


def test_each_object_is_listed_once_with_its_kind_and_none_is_lost(phone: tuple[FlaskClient, str]) -> None:
    client, page = phone
    told = manifest(client, page)
    assert [series["modality"] for series in told["series"]] == ["CT"]
    assert [(found["kind"], found["modality"], found["description"], found["href"]) for found in told["objects"]] == [
        ("document", "SR", "结构化报告 · AI 报告", f"{page}/objects/1"),
        ("text", "SR", "辐射剂量：剂量长度乘积总和（DLP） 512.8 mGy.cm，CTDIvol 12.5 mGy", None),
        ("document", "DOC", "PDF 文档", f"{page}/objects/3"),
        ("other", "DOC", "PDF 文档", None),
        ("other", "RTPLAN", "放疗计划", None),
        ("other", "OT", "其他资料 · RAW", None),
    ]
    reasons = [found["reason"] for found in told["objects"]]
    assert [bool(reason) for reason in reasons] == [False, False, False, True, True, True]
    body = client.get(page).get_data(as_text=True)
    assert "其他资料" in body
    for found in told["objects"]:
        assert found["description"] in body


def test_a_report_is_a_page_whose_text_is_no_markup(phone: tuple[FlaskClient, str]) -> None:
    client, page = phone
    answer = client.get(f"{page}/objects/1")
    assert answer.status_code == 200
    assert SCRIPT not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text


def test_a_pdf_is_kept_and_never_shown_beside_our_pages(house: Services, phone: tuple[FlaskClient, str]) -> None:
    client, page = phone
    assert not audited(house, "images.viewed")
    answer = client.get(f"{page}/objects/3")
    assert answer.data == pdf()
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(audited(house, "images.viewed")) == 1


@pytest.mark.parametrize("o", [0, 2, 4, 5, 6, 7, 99])
def test_what_has_no_page_does_not_exist(phone: tuple[FlaskClient, str], o: int) -> None:
    client, page = phone
    assert client.get(f"{page}/objects/{o}").status_code == 404


def test_a_stranger_and_a_held_exam_get_nothing(house: Services, app: Flask, phone: tuple[FlaskClient, str]) -> None:
    client, page = phone
    assert app.test_client().get(f"{page}/objects/1").status_code == 404
    house.release.holds.withhold(exam_of(house).id, "note", "staff:test")
    assert client.get(f"{page}/objects/1").status_code == 404


@pytest.mark.parametrize(
    ("chosen", "opens"),
    [({"report": "1"}, True), ({"pictures": "1"}, False), ({"report": "1", "anonymous": "1"}, False)],
)
def test_documents_are_given_with_the_report_and_never_without_a_name(
    app: Flask, phone: tuple[FlaskClient, str], chosen: dict[str, str], opens: bool
) -> None:
    client, page = phone
    given = share(client, page.rpartition("/")[2], **chosen)
    other, base = guest(app, given)
    for o in (1, 3):
        assert (other.get(f"{base}/objects/{o}").status_code == 200) is opens
    body = other.get(base).get_data(as_text=True)
    assert (f"{base}/objects/1" in body) is opens


@pytest.fixture
def layered(house: Services, app: Flask) -> tuple[FlaskClient, str]:
    """Three slices with a segmentation over the second, a structure set over the third, a layer of nothing and an
    ECG."""
    mask = np.zeros((8, 8), dtype=bool)
    mask[2:4, 3:6] = True
    slices = [
        ct_slice(
            StudyInstanceUID=STUDY, SeriesInstanceUID="1.2.3.4.1", InstanceNumber=z, ImagePositionPatient=[0, 0, z]
        )
        for z in (1, 2, 3)
    ]
    objects = (
        segmentation(STUDY, [mask], [(0, 0, 2)], SeriesNumber=91),
        structure_set(STUDY, (1, 1, 3, 5, 1, 3, 5, 5, 3), SeriesNumber=92),
        segmentation(STUDY, [mask], [(0, 0, 900)], SeriesNumber=93),
        ecg(STUDY, seconds=12, SeriesNumber=94),
    )
    prepare(house, *(part10(each) for each in (*slices, *objects)))
    exam_id = exam_of(house).id
    return let_in(app, house, exam_id), f"/exams/{exam_id.hex}"


def test_a_segmentation_is_a_layer_and_no_series(layered: tuple[FlaskClient, str]) -> None:
    client, page = layered
    told = manifest(client, page)
    assert [(series["modality"], series["frames"]) for series in told["series"]] == [("CT", 3)]
    assert [found["kind"] for found in told["objects"]] == ["layer", "layer", "other", "document"]
    segments, contours, nothing, _ = told["objects"]
    assert segments["layer"]["frames"] == {"1": [2]}
    assert segments["layer"]["labels"][0]["label"] == "结节 1"
    assert contours["layer"]["frames"] == {"1": [3]}
    assert nothing["href"] is None
    assert "没有找到对应的图像" in nothing["reason"]


def test_a_layer_is_transparent_and_lies_over_its_pixels(layered: tuple[FlaskClient, str]) -> None:
    client, page = layered
    told = manifest(client, page)["objects"][0]["layer"]
    answer = client.get(told["address"].format(n=1, k=2))
    assert answer.content_type == "image/png"
    alpha = np.asarray(Image.open(io.BytesIO(answer.data)))[..., 3]
    assert alpha.shape == (8, 8)
    assert {tuple(place) for place in np.argwhere(alpha > 0)} == {(i, j) for i in (2, 3) for j in (3, 4, 5)}
    assert client.get(f"{page}/objects/2/series/1/frames/3.png").status_code == 200


@pytest.mark.parametrize(
    "tail",
    ["1/series/1/frames/1", "1/series/2/frames/2", "1/series/0/frames/2", "3/series/1/frames/1", "4/series/1/frames/1"],
)
def test_where_a_layer_has_nothing_there_is_no_picture(layered: tuple[FlaskClient, str], tail: str) -> None:
    client, page = layered
    assert client.get(f"{page}/objects/{tail}.png").status_code == 404


def test_layers_and_ecgs_have_pages_that_need_no_script(layered: tuple[FlaskClient, str]) -> None:
    client, page = layered
    body = client.get(f"{page}/objects/1").get_data(as_text=True)
    assert f"{page}/series/1/frames/2.jpg" in body
    assert f"{page}/objects/1/series/1/frames/2.png" in body
    assert "结节 1" in body
    body = client.get(f"{page}/objects/4").get_data(as_text=True)
    for number in (1, 2):
        assert f"{page}/objects/4/pages/{number}.png" in body
        assert Image.open(io.BytesIO(client.get(f"{page}/objects/4/pages/{number}.png").data)).width > 2000
    assert client.get(f"{page}/objects/4/pages/3.png").status_code == 404
    assert client.get(f"{page}/objects/1/pages/1.png").status_code == 404


def test_an_ecg_is_read_once_however_often_its_pages_are_looked_at(
    house: Services, app: Flask, layered: tuple[FlaskClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read takes a child and the whole object out of the archive."""
    (client, page), read = layered, list[str]()
    reading = EvidenceReading.read

    def counted(self: EvidenceReading, instance: Instance, data_key: DataKey) -> Evidence:
        read.append(instance.object_key)
        return reading(self, instance, data_key)

    monkeypatch.setattr(EvidenceReading, "read", counted)
    other, base = guest(app, share(client, page.rpartition("/")[2], pictures="1"))
    for each, at in ((client, page), (other, base), (client, page)):
        assert {each.get(f"{at}/objects/4/pages/{number}.png").status_code for number in (1, 2, 1, 2)} == {200}
    assert len(read) == 1
    assert [client.get(f"{page}/objects/4/pages/{number}.png").status_code for number in (0, 3, 99)] == [404] * 3
    assert len(read) == 1, "a page that does not exist costs nothing"


def test_a_guest_has_layers_and_ecgs_with_the_pictures(app: Flask, layered: tuple[FlaskClient, str]) -> None:
    client, page = layered
    given = share(client, page.rpartition("/")[2], pictures="1")
    other, base = guest(app, given)
    own = client.get(f"{page}/objects/1/series/1/frames/2.png").data
    assert other.get(f"{base}/objects/1/series/1/frames/2.png").data == own
    assert other.get(f"{base}/objects/4").status_code == 200
    marked, plain = (each.get(f"{at}/objects/4/pages/1.png").data for each, at in ((other, base), (client, page)))
    assert marked != plain
    without = share(client, page.rpartition("/")[2], report="1")
    other, base = guest(app, without)
    for tail in ("1", "1/series/1/frames/2.png", "4", "4/pages/1.png"):
        assert other.get(f"{base}/objects/{tail}").status_code == 404


def test_marked_images_come_first_and_a_state_is_drawn_into_its_frame(house: Services, app: Flask) -> None:
    uids = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": "1.2.3.4.1"}
    slices = [ct_slice(64, InstanceNumber=z, ImagePositionPatient=[0, 0, z], **uids) for z in range(1, 6)]
    state = presentation_state(
        STUDY,
        slices[1],
        GraphicAnnotationSequence=[polyline(1, 30, 64, 30)],
        SoftcopyVOILUTSequence=[item(WindowCenter=-2000, WindowWidth=2)],
        PresentationLUTShape="INVERSE",
        ImageRotation=90,
        DisplayedAreaSelectionSequence=[
            item(DisplayedAreaTopLeftHandCorner=[33, 17], DisplayedAreaBottomRightHandCorner=[99, 48])
        ],
    )
    marks = key_object_list(STUDY, slices[4], slices[0])
    colour_state = presentation_state(STUDY, slices[0], SOPClassUID="1.2.840.10008.5.1.4.1.1.11.2", SeriesNumber=95)
    prepare(house, *(part10(each) for each in (*slices, state, marks, colour_state)))
    exam_id = exam_of(house).id
    client, page = let_in(app, house, exam_id), f"/exams/{exam_id.hex}"
    told = manifest(client, page)
    assert told["objects"] == []
    assert told["key_images"] == [{"n": 1, "k": 5}, {"n": 1, "k": 1}]
    drawn, set_aside = told["presentations"]
    assert drawn["frames"] == [{"n": 1, "k": 2}]
    assert drawn["reasons"] == []
    assert told["displayed"] == [{"n": 1, "k": 2, "turns": 1, "mirrored": False, "area": [0.5, 0.25, 1.0, 0.75]}]
    assert set_aside["frames"] == []
    assert set_aside["reasons"]
    frames = f"{page}/series/1/frames"
    body = client.get(page).get_data(as_text=True)
    assert body.index(f"{frames}/5.jpg") < body.index(f"{frames}/1.jpg")
    assert set_aside["reasons"][0] in body  # and is named there, although it is no object of the manifest
    assert 'data-series="1" data-frame="5"' in client.get(f"{page}/viewer").get_data(as_text=True)

    def grey(tail: str) -> Any:
        return np.asarray(Image.open(io.BytesIO(client.get(f"{frames}/{tail}").data)).convert("L")).astype(int)

    for tail in ("2.png", "2.jpg", "2.jpg?size=256", "2.png?wc=0&ww=2"):  # a window of the viewer keeps the drawing
        assert (grey(tail)[29, 5:60] > 200).all(), tail
    assert grey("2.png")[10:20].max() == 0  # its window shows all of it white, and its shape turns that round
    plain = grey("2.png?plain=1")
    assert plain[10:20].max() > 50
    assert (plain[29, 5:60] < 250).any()
    assert np.abs(grey("3.png") - plain).max() < 5  # the slice beside it is as ever
    assert client.get(f"{frames}/2.png?plain=yes").status_code == 400

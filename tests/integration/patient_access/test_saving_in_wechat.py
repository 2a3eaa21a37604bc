"""In WeChat a file is opened in the system's browser by a ticket of its own, and a picture is an ordinary page."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.factories.access import let_in
from tests.factories.sharing import guest, share
from tests.factories.telling import exam_of, receive_study, register, report, sweep

WECHAT = {"User-Agent": "Mozilla/5.0 (Phone; OpenHarmony 5.0) ArkWeb/4.1.6.1 Mobile MicroMessenger/8.0.10"}
FILES = ("report.pdf", "images.zip", "dicom.zip")


def shown(house: Services, app: Flask) -> tuple[FlaskClient, str]:
    """A patient's browser, and the address of an exam with report and prepared pictures."""
    exam_id = register(house)
    report(house)
    house.pictures.completion.complete_now(receive_study(house, 2))
    while house.worker.run_job():
        pass
    sweep(house)
    return let_in(app, house, exam_id), f"/exams/{exam_id.hex}"


def ticket(client: FlaskClient, address: str) -> str:
    found = re.search(r'data-address="(/t/[^"]+)"', client.get(address, headers=WECHAT).text)
    assert found
    return found[1]


def test_a_file_is_opened_once_in_another_browser_without_a_new_login(house: Services, app: Flask) -> None:
    client, base = shown(house, app)
    try:
        page = client.get(base, headers=WECHAT).text
        for name in FILES:
            assert f'href="{base}/take/{name}"' in page
            given = ticket(client, f"{base}/take/{name}")
            assert given.endswith(name)
            outside, stranger = app.test_client(), app.test_client()
            assert outside.get(given).status_code == 200
            answer = outside.post(given)
            assert (answer.status_code, answer.headers["Location"]) == (303, f"{base}/{name}")
            with outside.get(answer.headers["Location"]) as file:
                assert file.status_code == 200
            assert stranger.post(given).status_code == 403
            assert outside.get(given).headers["Location"] == f"{base}/{name}"
    finally:
        house.pictures.renderer.close()


def test_another_browser_gets_the_file_at_once(house: Services, app: Flask) -> None:
    client, base = shown(house, app)
    try:
        assert f'href="{base}/report.pdf"' in client.get(base).text
        for name in FILES:
            answer = client.get(f"{base}/take/{name}")
            assert (answer.status_code, answer.headers["Location"]) == (303, f"{base}/{name}")
        assert client.get(f"{base}/take/secrets.txt").status_code == 404
    finally:
        house.pictures.renderer.close()


def test_a_picture_to_save_is_a_page_with_an_image_of_this_session(house: Services, app: Flask) -> None:
    client, base = shown(house, app)
    try:
        family, theirs = guest(app, share(client, base.rpartition("/")[2]))
        for browser, address in ((client, base), (family, theirs)):
            page = browser.get(f"{address}/pictures/1/2").text
            (src,) = re.findall(r'<img class="picture" src="([^"]+)"', page)
            assert src == f"{address}/series/1/frames/2.jpg"
            assert browser.get(src).mimetype == "image/jpeg"
            windowed = browser.get(f"{address}/pictures/1/2?wc=-600&ww=1500.5").text
            assert f'src="{src}?wc=-600&amp;ww=1500.5"' in windowed
            assert browser.get(f"{src}?wc=-600&ww=1500.5").mimetype == "image/jpeg"
            assert browser.get(f"{address}/pictures/1/2?wc=%22%3E&ww=2").status_code == 400
            for beyond in ("1/3", "2/1", "0/1", "1/0"):
                assert browser.get(f"{address}/pictures/{beyond}").status_code == 404
        assert family.get(f"{theirs}/take/report.pdf").location == f"{theirs}/report.pdf"
    finally:
        house.pictures.renderer.close()


@pytest.mark.parametrize("tail", ["pictures/1/1", "take/report.pdf", "take/images.zip"])
def test_of_a_held_exam_and_for_strangers_there_is_nothing_to_save(house: Services, app: Flask, tail: str) -> None:
    client, base = shown(house, app)
    try:
        assert app.test_client().get(f"{base}/{tail}", headers=WECHAT).status_code == 404
        house.release.holds.withhold(exam_of(house).id, "核对", "staff:a")
        assert client.get(f"{base}/{tail}", headers=WECHAT).status_code == 404
    finally:
        house.pictures.renderer.close()

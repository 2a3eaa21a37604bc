"""在浏览器打开: the address of a page in WeChat opens its exam in another browser, once, for ten minutes."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from app.bootstrap import Services
from app.models import AuditEvent, PatientSession
from tests.factories.access import Issued, issued, opened, revoke
from tests.factories.house import clock_of

WECHAT = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.66"}
MINUTE = 60


def address(client: FlaskClient, exam: Issued, page: str = "") -> str:
    text = client.get(f"/exams/{exam.exam_id}{page}", headers=WECHAT).text
    found = text.partition('data-address="')[2].partition('"')[0]
    assert found.startswith("/t/")
    return found


def test_the_address_of_a_page_in_wechat_opens_the_exam_in_another_browser(app: Flask, exam: Issued) -> None:
    in_wechat, browser = opened(app, exam), app.test_client()
    for page in ("", "/viewer"):
        given = address(in_wechat, exam, page)
        assert browser.get(given).status_code == 200
        answer = browser.post(given)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/exams/{exam.exam_id}{page}")
        assert browser.get(answer.headers["Location"]).status_code == 200
        browser = app.test_client()


def test_other_browsers_get_no_such_address(app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    for page in ("", "/viewer"):
        assert "/t/" not in client.get(f"/exams/{exam.exam_id}{page}").text


def test_it_opens_once_and_a_get_uses_nothing_up(house: Services, app: Flask, exam: Issued) -> None:
    given = address(opened(app, exam), exam)
    for _ in range(5):
        assert app.test_client().get(given).status_code == 200  # a scanner of links
    assert app.test_client().post(given).status_code == 303
    refused = app.test_client().post(given)
    assert (refused.status_code, "Set-Cookie" in refused.headers) == (403, False)
    assert "这个网址已失效" in refused.text
    with house.db.read() as session:
        assert session.scalar(select(func.count()).select_from(PatientSession)) == 2
        told = [row.detail for row in session.scalars(select(AuditEvent).where(AuditEvent.action == "access.granted"))]
        assert sum("ticket" in str(detail) for detail in told) == 1


def test_of_twenty_at_once_one_opens(house: Services, app: Flask, exam: Issued) -> None:
    given, start, found = address(opened(app, exam), exam), threading.Barrier(20), Counter[int]()

    def use() -> None:
        start.wait()
        found.update([app.test_client().post(given).status_code])

    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {303: 1, 403: 19}


@pytest.mark.parametrize(("seconds", "status"), [(10 * MINUTE - 1, 303), (10 * MINUTE, 403), (-2 * MINUTE, 403)])
def test_it_lasts_ten_minutes(house: Services, app: Flask, exam: Issued, seconds: int, status: int) -> None:
    given = address(opened(app, exam), exam)
    clock_of(house).advance(seconds)
    assert app.test_client().post(given).status_code == status


def test_it_ends_with_the_session_that_gave_it(house: Services, app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    given = address(client, exam)
    token = client.get(f"/exams/{exam.exam_id}").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    client.post(f"/exams/{exam.exam_id}/leave", data={"csrf_token": token})
    assert app.test_client().post(given).status_code == 403
    given = address(opened(app, exam), exam)
    revoke(house, "A1")
    assert app.test_client().post(given).status_code == 403


def test_the_session_it_began_ends_with_a_revocation_and_never_later_than_its_givers(
    house: Services, app: Flask, exam: Issued
) -> None:
    client, browser = opened(app, exam), app.test_client()
    clock_of(house).advance(20 * MINUTE)
    browser.post(address(client, exam))
    with house.db.read() as session:
        assert len({row.expires_at for row in session.scalars(select(PatientSession))}) == 1
    revoke(house, "A1")
    assert browser.get(f"/exams/{exam.exam_id}").status_code == 404


def test_it_opens_no_other_exam_and_keeps_what_the_browser_has_open(house: Services, app: Flask, exam: Issued) -> None:
    other = issued(house, "B1", patient_id="P9", patient_name="赵六")
    browser = opened(app, other)
    assert browser.post(address(opened(app, exam), exam)).status_code == 303
    assert [browser.get(f"/exams/{one.exam_id}").status_code for one in (exam, other)] == [200, 200]
    stranger = app.test_client()
    stranger.post(address(opened(app, exam), exam))
    assert stranger.get(f"/exams/{other.exam_id}").status_code == 404


def test_loaded_again_where_the_exam_is_open_it_leads_back_and_is_not_used_up(app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    given = address(client, exam, "/viewer")
    for _ in range(2):
        answer = client.get(given, headers=WECHAT)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/exams/{exam.exam_id}/viewer")
    assert client.post(given).status_code == 303
    assert app.test_client().post(given).status_code == 303


def test_a_get_by_a_stranger_looks_up_nothing_and_tells_nothing(house: Services, app: Flask, exam: Issued) -> None:
    given, seen = address(opened(app, exam), exam), []
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    pages = {app.test_client().get(one).data for one in (given, "/t/x", "/t/" + "a.b.c" * 90)}
    assert len(pages) == 1
    assert seen == []


def test_what_we_did_not_sign_as_a_ticket_opens_nothing(house: Services, app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    given = address(client, exam).removeprefix("/t/")
    cookie = client.get_cookie("cf-patient")
    assert cookie is not None
    head, body, mark = given.split(".")
    for forged in (
        "x",
        cookie.value,
        f"{head}.{body}.",
        f"{head}.{body}.{mark[::-1]}",
        f"{head}.{body[:-4]}AAAA.{mark}",
    ):
        assert app.test_client().post(f"/t/{forged}").status_code == 403
    stranger = app.test_client()
    stranger.set_cookie("cf-patient", given)
    assert stranger.get(f"/exams/{exam.exam_id}").status_code == 404

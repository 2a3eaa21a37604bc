"""Several exams open in one browser: a second keeps the first, their codes lead back, leaving ends them all."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from app.bootstrap import Services
from app.web.exam.visit import MOST_SESSIONS
from tests.factories.access import WRONG, Issued, issued, opened, revoke
from tests.factories.house import clock_of


@pytest.fixture
def other(house: Services) -> Issued:
    return issued(house, "B1", patient_id="P9", patient_name="赵六")


def opens(client: FlaskClient, exam: Issued) -> None:
    assert client.post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303


def statuses(client: FlaskClient, *exams: Issued) -> list[int]:
    return [client.get(f"/exams/{exam.exam_id}").status_code for exam in exams]


def csrf(client: FlaskClient, exam: Issued) -> str:
    return client.get(f"/exams/{exam.exam_id}").text.partition('name="csrf_token" value="')[2].partition('"')[0]


def test_a_second_exam_keeps_the_first_and_each_ends_by_itself(
    house: Services, app: Flask, exam: Issued, other: Issued
) -> None:
    client = opened(app, exam)
    opens(client, other)
    assert statuses(client, exam, other) == [200, 200]
    assert statuses(opened(app, other), exam, other) == [404, 200]  # another browser opened only one
    revoke(house, "B1")
    assert statuses(client, exam, other) == [200, 404]


def test_leaving_one_of_them_leaves_nothing_open_on_the_device(app: Flask, exam: Issued, other: Issued) -> None:
    client = opened(app, exam)
    opens(client, other)
    before = client.get_cookie("cf-patient")
    assert before is not None
    wrong = client.post(f"/exams/{exam.exam_id}/leave", data={"csrf_token": csrf(client, other)})
    assert wrong.status_code == 400
    left = client.post(f"/exams/{exam.exam_id}/leave", data={"csrf_token": csrf(client, exam)})
    assert left.status_code == 200
    client.set_cookie("cf-patient", before.value)  # the cookie that somebody kept opens nothing either
    assert statuses(client, exam, other) == [404, 404]


def test_a_browser_keeps_the_newest_sessions_and_one_for_each_exam(house: Services, app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    opens(client, exam)
    cookie = client.get_cookie("cf-patient")
    assert cookie is not None
    assert "~" not in cookie.value
    more = [issued(house, f"C{number}") for number in range(MOST_SESSIONS)]
    for one in more:
        opens(client, one)
    assert statuses(client, exam, *more) == [404] + [200] * MOST_SESSIONS


def test_what_was_put_into_the_cookie_opens_nothing(app: Flask, exam: Issued, other: Issued) -> None:
    client = opened(app, exam)
    mine = client.get_cookie("cf-patient")
    assert mine is not None
    for value in (f"x~{mine.value}~y", "~~" + mine.value, f"{mine.value}~" * 3, "~".join("abcdefg") + "~" + mine.value):
        client.set_cookie("cf-patient", value)
        assert statuses(client, exam, other) == [200, 404]
    client.set_cookie("cf-patient", "~".join("abcdefgh") + "~" + mine.value)  # the ninth is not read
    assert statuses(client, exam) == [404]


def test_the_code_of_an_open_exam_leads_there_at_once(house: Services, app: Flask, exam: Issued, other: Issued) -> None:
    client, page = opened(app, exam), f"/exams/{exam.exam_id}"
    for address in (f"/q/{exam.qr}", f"/q/{exam.qr.lower()}", f"/s/{exam.pickup}"):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Location"]) == (303, page)
    stranger = app.test_client().get(f"/q/{exam.qr}").data
    for code in (other.qr, "A" * 26, "nothing-of-ours"):
        assert client.get(f"/q/{code}").data == stranger
    clock_of(house).advance(31 * 60)
    assert client.get(f"/q/{exam.qr}").data == stranger


def test_a_revoked_code_leads_nowhere(house: Services, app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    revoke(house, "A1")
    assert client.get(f"/q/{exam.qr}").status_code == 200


def test_the_front_page_knows_an_open_exam_and_names_nobody(house: Services, app: Flask, exam: Issued) -> None:
    seen: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    assert "继续查看" not in app.test_client().get("/").text
    assert seen == []
    client = opened(app, exam)
    page = client.get("/").text
    assert "继续查看" in page
    assert "李" not in page
    assert exam.exam_id not in page
    clock_of(house).advance(31 * 60)
    assert "继续查看" not in client.get("/").text


def test_a_failed_try_at_another_exam_keeps_what_is_open(app: Flask, exam: Issued, other: Issued) -> None:
    client = opened(app, exam)
    assert client.post(f"/q/{other.qr}", data=WRONG).status_code == 403
    assert statuses(client, exam, other) == [200, 404]


def test_the_viewer_names_the_door_that_the_patient_came_in_by(app: Flask, exam: Issued) -> None:
    by_pickup = app.test_client()
    form = {"phone": exam.phone, "pickup_code": exam.pickup, "factor": exam.factor}
    assert by_pickup.post("/s", data=form).status_code == 303
    for client, door in ((opened(app, exam), f"/q/{exam.qr}"), (by_pickup, f"/s/{exam.pickup}")):
        assert f'data-door="{door}"' in client.get(f"/exams/{exam.exam_id}/viewer").text

"""A code that the patient reads out opens one exam in one browser for a week; each look is the patient's to see."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.bootstrap import Services
from app.errors import AccessRefused
from app.models.states import DeviceKind
from app.security.codes import PICKUP_ALPHABET
from app.security.permissions import Role
from app.web.row_ids import row_id
from tests.factories.access import issued, opened, revoke, under_exams
from tests.factories.house import clock_of, services
from tests.factories.sharing import WINDOWS, form_token, helper_code, output, patient
from tests.factories.staff import console
from tests.factories.telling import correct

DAY = 86400
IN_WECHAT = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.66"}


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path)


@pytest.fixture
def app(house: Services) -> Flask:
    return create_app(house.settings, house)


def type_code(app: Flask, code: str, source: str = "203.0.113.9") -> tuple[FlaskClient, Any]:
    client = app.test_client()
    sent = {"environ_base": {"REMOTE_ADDR": source}, "headers": {"User-Agent": WINDOWS}}
    return client, client.post("/h", data={"helper_code": code}, **sent)


def helped(app: Flask, client: FlaskClient, exam_id: str) -> FlaskClient:
    helper, answer = type_code(app, helper_code(client, exam_id))
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/exams/{exam_id}")
    return helper


def test_a_code_opens_the_exam_on_one_device_and_is_shown_once(house: Services, app: Flask) -> None:
    client, exam = patient(app, house)
    code = helper_code(client, exam)
    assert len(code) == 10
    assert set(code) <= set(PICKUP_ALPHABET)
    assert code not in client.get(f"/exams/{exam}/helper-code").text
    helper, answer = type_code(app, f" {code[:5].lower()}-{code[5:]} ")
    assert answer.headers["Location"] == f"/exams/{exam}"
    assert helper.get(f"/exams/{exam}").status_code == 200
    assert helper.get("/exams").status_code == 200
    assert type_code(app, code)[1].status_code == 403


def test_for_seven_days_also_unused_and_not_a_minute_longer(house: Services, app: Flask) -> None:
    client, exam = patient(app, house)
    helper = helped(app, client, exam)
    clock_of(house).advance(7 * DAY - 60)
    assert helper.get(f"/exams/{exam}").status_code == 200
    clock_of(house).advance(61)
    assert helper.get(f"/exams/{exam}").status_code == 404


def test_a_code_that_nobody_typed_for_a_day_is_over(house: Services, app: Flask) -> None:
    client, exam = patient(app, house)
    code = helper_code(client, exam)
    clock_of(house).advance(DAY)
    assert type_code(app, code)[1].status_code == 403


def test_every_look_of_a_helper_is_the_patients_to_see_and_not_the_helpers(house: Services, app: Flask) -> None:
    client, exam = patient(app, house)
    helper = helped(app, client, exam)
    helper.get(f"/exams/{exam}")
    told = client.get(f"/exams/{exam}/looks", headers={"Accept": "application/json"}).get_json()["looks"]
    assert [look["how"] for look in told] == ["helper"]
    assert helper.get(f"/exams/{exam}/looks").status_code == 404


def test_the_patient_ends_it_and_it_is_closed_at_once(house: Services, app: Flask) -> None:
    client, exam = patient(app, house)
    helper = helped(app, client, exam)
    path = f"/exams/{exam}/helper-code"
    page = client.get(path).text
    code_id = page.partition('name="end" value="')[2].partition('"')[0]
    for _ in range(2):  # twice is as once
        ended = client.post(path, data={"csrf_token": form_token(client, path), "end": code_id})
        assert ended.status_code == 303
    assert helper.get(f"/exams/{exam}").status_code == 404


def test_codes_that_the_desk_revoked_and_another_patient_end_it(house: Services, app: Flask) -> None:
    exam = issued(house)
    client = opened(app, exam)
    helper, unused = helped(app, client, exam.exam_id), helper_code(client, exam.exam_id)
    revoke(house, "A1")
    assert helper.get(f"/exams/{exam.exam_id}").status_code == 404
    assert type_code(app, unused)[1].status_code == 403
    other, exam_id = patient(app, house, "A2")
    helper = helped(app, other, exam_id)
    correct(house, "A2", patient_name="王芳", patient_id="P9", patient_id_number="120101197001020021")
    assert helper.get(f"/exams/{exam_id}").status_code == 404


def test_withdrawn_consent_ends_it_and_a_helper_neither_agrees_nor_withdraws(tmp_path: Path) -> None:
    house = services(tmp_path, consent="asked")
    app = create_app(house.settings, house)
    client, exam = patient(app, house)
    client.post("/consent", data={"csrf_token": form_token(client, "/consent"), "action": "agree"})
    helper = helped(app, client, exam)
    assert helper.get(f"/exams/{exam}").status_code == 200
    token = form_token(helper, f"/exams/{exam}")
    assert helper.post("/consent", data={"csrf_token": token, "action": "withdraw"}).status_code == 404
    assert client.get(f"/exams/{exam}").status_code == 200
    client.post("/consent", data={"csrf_token": form_token(client, "/consent"), "action": "withdraw"})
    assert helper.get(f"/exams/{exam}").status_code == 404


def test_a_helper_gives_nothing_on_and_opens_no_other_exam(house: Services, app: Flask) -> None:
    client, exam = patient(app, house)
    _, other = patient(app, house, "A2")
    helper = helped(app, client, exam)
    token = form_token(helper, f"/exams/{exam}")
    for tail in ("shares", "hand-over", "helper-code"):
        assert helper.get(f"/exams/{exam}/{tail}").status_code == 404, tail
        assert helper.post(f"/exams/{exam}/{tail}", data={"csrf_token": token, "days": "7"}).status_code == 404, tail
    assert helper.get(f"/exams/{other}").status_code == 404
    assert 'name="id_number"' not in helper.get("/family").text


@pytest.mark.parametrize("typed", ["", "AAAAAAAAAA", "x" * 200, "０" * 10, "%00", "A1"])
def test_every_failed_post_is_one_identical_page(house: Services, app: Flask, typed: str) -> None:
    client, exam = patient(app, house)
    spent = helper_code(client, exam)
    type_code(app, spent)
    expected, answer = type_code(app, spent)[1], type_code(app, typed)[1]
    assert (answer.status_code, answer.text) == (403, expected.text)


def test_one_address_guesses_thirty_times_an_hour_at_whatever_codes(house: Services, app: Flask) -> None:
    client, exam = patient(app, house)
    code = helper_code(client, exam)
    statuses = [type_code(app, f"GUESS{number:05d}")[1].status_code for number in range(31)]
    assert statuses == [403] * 30 + [429]
    assert type_code(app, code)[1].status_code == 429
    assert type_code(app, code, "198.51.100.7")[1].status_code == 303


def test_thirty_browsers_that_type_one_code_at_once_are_one_helper(house: Services, app: Flask) -> None:
    client, exam = patient(app, house)
    code = helper_code(client, exam)

    def type_now(number: int) -> bool:
        try:
            house.sharing.helper_codes.open_exam(code, f"198.51.100.{number}", DeviceKind.OTHER)
        except AccessRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(type_now, range(30))) == 1


def test_ten_codes_of_an_exam_are_live_at_most(house: Services, app: Flask) -> None:
    client, exam = patient(app, house)
    for _ in range(10):
        helper_code(client, exam)
    path = f"/exams/{exam}/helper-code"
    assert client.post(path, data={"csrf_token": form_token(client, path)}).status_code == 409


def test_the_desk_gives_a_code_with_a_reason(house: Services, app: Flask) -> None:
    _, exam = patient(app, house)
    desk = console(app, house, Role.DESK)
    path = f"/staff/exams/{exam}/helper-code"
    assert desk.post(path, reason="").status_code == 400
    given = desk.post(path, reason="检查人不会用手机")
    helper, answer = type_code(app, output(given.text, "helper_code"))
    assert answer.status_code == 303
    assert helper.get(f"/exams/{exam}").status_code == 200
    assert row_id(exam) is not None


def test_leaving_ends_it_in_this_browser(house: Services, app: Flask) -> None:
    client, exam = patient(app, house)
    helper = helped(app, client, exam)
    helper.post(f"/exams/{exam}/leave", data={"csrf_token": form_token(helper, f"/exams/{exam}")})
    assert helper.get(f"/exams/{exam}").status_code == 404


def test_a_patient_who_helps_keeps_the_own_exam_open(house: Services, app: Flask) -> None:
    client, exam = patient(app, house)
    second, own = patient(app, house, "A2")
    code = helper_code(client, exam)
    assert second.post("/h", data={"helper_code": code}).status_code == 303
    assert {second.get(f"/exams/{each}").status_code for each in (exam, own)} == {200}


def test_with_a_helpers_session_every_address_of_another_exam_of_the_same_patient_is_404(
    house: Services, app: Flask
) -> None:
    client, exam = patient(app, house)
    _, other = patient(app, house, "A2")
    helper = helped(app, client, exam)
    for method, address in under_exams(app, other):
        assert helper.open(address, method=method).status_code == 404, address


def test_a_helper_in_wechat_opens_one_more_browser_at_a_time_and_not_for_a_week(house: Services, app: Flask) -> None:
    """The addresses of pages in WeChat open the system's browser: with them a helper could give the exam on."""
    client, exam = patient(app, house)
    helper, others = helped(app, client, exam), []
    for _ in range(3):
        clock_of(house).advance(60)
        page = helper.get(f"/exams/{exam}", headers=IN_WECHAT).text
        others.append(app.test_client())
        assert others[-1].post(page.partition('data-address="')[2].partition('"')[0]).status_code == 303
        assert others[-1].get(f"/exams/{exam}").status_code == 200
    page = others[-1].get(f"/exams/{exam}", headers=IN_WECHAT).text
    others.append(app.test_client())
    assert others[-1].post(page.partition('data-address="')[2].partition('"')[0]).status_code == 303
    assert [each.get(f"/exams/{exam}").status_code for each in others] == [404, 404, 404, 200]
    assert helper.get(f"/exams/{exam}").status_code == 200
    clock_of(house).advance(DAY)
    assert others[-1].get(f"/exams/{exam}").status_code == 404
    assert helper.get(f"/exams/{exam}").status_code == 200

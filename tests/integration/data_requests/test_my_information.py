"""A patient sees what is kept, and asks to correct or delete it; the desk answers within fifteen days."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app import create_app
from app.bootstrap import Services
from app.errors import Conflict
from app.models import AuditEvent, DataRequestStep, Patient
from app.models.states import DataRequestState
from app.security.permissions import Role
from app.services.data_requests.requests import MOST_A_DAY, MOST_OPEN
from tests.factories.family import MOTHER, added, daughter, mother, registered
from tests.factories.house import clock_of, services
from tests.factories.sharing import form_token, helper_code, patient
from tests.factories.staff import audited, console
from tests.factories.telling import register

PATH, DAY = "/my-information", 86400
DESK = "staff:desk"


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path)


@pytest.fixture
def app(house: Services) -> Flask:
    return create_app(house.settings, house)


def ask(client: FlaskClient, wish: str = "手机号应是 13900000009", kind: str = "correction") -> int:
    form = {"csrf_token": form_token(client, PATH), "kind": kind, "wish": wish}
    return client.post(PATH, data=form).status_code


def test_the_page_says_masked_what_is_kept(house: Services, app: Flask) -> None:
    client, _ = patient(app, house)
    page = client.get(PATH).text
    for shown in ("李*", "****0027", "****0001", "1960"):
        assert shown in page
    for hidden in ("120101196001020027", "13900000001", "李娜", "1960-01-02"):
        assert hidden not in page


def test_a_request_is_due_in_fifteen_days_and_its_answer_is_read_on_the_page(house: Services, app: Flask) -> None:
    client, _ = patient(app, house)
    assert ask(client) == 303
    page = client.get(PATH).text
    assert "等待医院答复，2026-03-17 前答复" in page
    assert "手机号应是 13900000009" in page
    desk = console(app, house, Role.DESK)
    assert "手机号应是 13900000009" in desk.client.get("/staff/data-requests").text
    (waiting,) = house.data_requests.requests.waiting(DESK).rows
    path = f"/staff/data-requests/{waiting.request.id.hex}/answer"
    assert desk.post(path, outcome="done", reason="").status_code == 400
    assert desk.post(path, outcome="open", reason="x").status_code == 400
    assert desk.post(path, outcome="done", reason="已在登记处更正").status_code == 303
    assert desk.post(path, outcome="refused", reason="又不办了").status_code == 409
    page = client.get(PATH).text
    assert "已办理" in page
    assert "医院答复：已在登记处更正" in page
    assert house.data_requests.requests.waiting(DESK).rows == ()


def test_each_step_is_kept_and_audited_and_none_is_changed(house: Services, app: Flask) -> None:
    client, _ = patient(app, house)
    ask(client, "请删除旧手机号", "deletion")
    (waiting,) = house.data_requests.requests.waiting(DESK).rows
    house.data_requests.requests.answer(waiting.request.id, DataRequestState.REFUSED, "病历须保存", DESK)
    with house.db.read() as session:
        steps = session.scalars(select(DataRequestStep).order_by(DataRequestStep.number)).all()
        said = [(step.number, step.state, house.fields.open_of(step, "words_sealed")) for step in steps]
    assert said == [(1, "open", "请删除旧手机号"), (2, "refused", "病历须保存")]
    assert len(audited(house, "data.requested")) == len(audited(house, "staff.answered_data_request")) == 1


def test_after_fifteen_days_it_is_late_for_patient_and_desk(house: Services, app: Flask) -> None:
    client, _ = patient(app, house)
    ask(client)
    clock_of(house).advance(15 * DAY - 1)
    assert not house.data_requests.requests.waiting(DESK).rows[0].request.is_late
    clock_of(house).advance(1)
    assert house.data_requests.requests.waiting(DESK).rows[0].request.is_late


def test_the_patient_takes_it_back_and_nobody_answers_it_then(house: Services, app: Flask) -> None:
    client, _ = patient(app, house)
    ask(client)
    (waiting,) = house.data_requests.requests.waiting(DESK).rows
    form = {"csrf_token": form_token(client, PATH), "take_back": waiting.request.id.hex}
    assert client.post(PATH, data=form).status_code == 303
    assert client.post(PATH, data=form).status_code == 409
    with pytest.raises(Conflict):
        house.data_requests.requests.answer(waiting.request.id, DataRequestState.DONE, "好", DESK)


def test_two_answers_at_once_are_one(house: Services, app: Flask) -> None:
    client, _ = patient(app, house)
    ask(client)
    (waiting,) = house.data_requests.requests.waiting(DESK).rows

    def answer(number: int) -> bool:
        try:
            house.data_requests.requests.answer(waiting.request.id, DataRequestState.DONE, f"答复{number}", DESK)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(answer, range(8))) == 1


def test_five_requests_wait_at_most_and_empty_or_endless_ones_are_refused(house: Services, app: Flask) -> None:
    client, _ = patient(app, house)
    assert [ask(client, wish) for wish in ("", " ", "x" * 501)] == [400] * 3
    assert ask(client, "x", "something else") == 400
    assert [ask(client, f"第{number}项") for number in range(6)] == [303] * 5 + [409]


def test_who_asks_and_takes_back_for_ever_asks_ten_times_a_day(house: Services, app: Flask) -> None:
    client, _ = patient(app, house)
    answers = []
    for number in range(30):
        answers.append(ask(client, f"第{number}项"))
        for waiting in house.data_requests.requests.waiting(DESK).rows:
            form = {"csrf_token": form_token(client, PATH), "take_back": waiting.request.id.hex}
            assert client.post(PATH, data=form).status_code == 303
    assert answers == [303] * MOST_A_DAY + [409] * 20
    with house.db.read() as session:
        rows = session.scalar(select(func.count()).where(AuditEvent.action.like("data.%")))
    assert rows == 2 * MOST_A_DAY


def test_requests_at_once_are_no_more_than_may_wait(house: Services, app: Flask) -> None:
    patient(app, house)
    with house.db.read() as session:
        patient_id = session.scalars(select(Patient.id)).one()

    def one(number: int) -> bool:
        try:
            house.data_requests.requests.ask([patient_id], "correction", f"第{number}项", "patient-session:x")
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(one, range(20))) == MOST_OPEN


def test_nobody_sees_or_takes_back_what_another_person_asked(house: Services, app: Flask) -> None:
    client, exam = patient(app, house)
    ask(client, "只有我能看")
    other, _ = patient(app, house, "A2", patient_name="王芳", patient_id="P9", patient_id_number="120101197001020021")
    assert "只有我能看" not in other.get(PATH).text
    (waiting,) = house.data_requests.requests.waiting(DESK).rows
    form = {"csrf_token": form_token(other, PATH), "take_back": waiting.request.id.hex}
    assert other.post(PATH, data=form).status_code == 404
    helper = app.test_client()
    helper.post("/h", data={"helper_code": helper_code(client, exam)})
    assert helper.get(PATH).status_code == 404
    assert app.test_client().get(PATH).status_code == 404
    assert client.post(PATH, data={"kind": "deletion", "wish": "全部"}).status_code == 400


def test_a_relative_sees_the_own_information_alone(house: Services, app: Flask) -> None:
    register(house)
    registered(house, "A2", MOTHER)
    client, member = daughter(app, house), mother(app, house)
    added(client, house)
    ask(member, "母亲写的")
    page = client.get(PATH).text
    assert "母亲写的" not in page
    assert "赵*芝" not in page


def test_who_withdrew_consent_still_asks(tmp_path: Path) -> None:
    house = services(tmp_path, consent="asked")
    client, exam = patient(create_app(house.settings, house), house)
    assert client.get(f"/exams/{exam}").headers["Location"] == "/consent"
    assert ask(client, "请删除", "deletion") == 303

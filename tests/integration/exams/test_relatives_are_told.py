"""A report is amended: a relative who read the former version is told by the own number and the own WeChat. Nobody else
is, and nothing is told that the patient is not told."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.factories.carriers import Busy, with_carrier
from tests.factories.family import MOTHER, added, daughter, grants, mother, registered, remove
from tests.factories.house import clock_of, services
from tests.factories.sharing import guest, helper_code, patient, share
from tests.factories.telling import PHONE, exam_of, follow, messages, notifications, register, report, states, sweep

TEXT = "亲友检查报告"


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path, wechat_notices="simulated")


@pytest.fixture
def relative(house: Services, app: Flask) -> FlaskClient:
    """A browser of 李娜, who may see the exams of her mother, and read the report of A2."""
    exam = registered(house, "A2", MOTHER)
    register(house)
    report(house, "A2")
    browser = daughter(app, house)
    added(browser, house)
    assert browser.get(f"/exams/{exam}").status_code == 200
    with house.db.session() as session:
        session.merge(exam_of(house, "A2")).report_released_at = clock_of(house).now()
    return browser


def amend(house: Services, impression: str = "修订的意见") -> None:
    report(house, "A2", status="amended", impression=impression)
    sweep(house)


def told(house: Services, phone: str = PHONE) -> int:
    return sum(TEXT in message.text for message in messages(house, phone))


def kinds(house: Services) -> list[tuple[str, str, str]]:
    return [row for row in states(house, exam_of(house, "A2").id) if row[0].startswith("relative_amended")]


def test_a_relative_who_read_it_is_told_by_the_own_phone_once_for_each_version(
    house: Services, relative: FlaskClient
) -> None:
    amend(house)
    amend(house)  # the same content is no version
    assert told(house) == 1
    assert told(house, "+86" + MOTHER["phone"]) == 0
    amend(house, "再次修订")
    sweep(house, seconds=61)  # the carrier takes the same text for one number twice a minute
    assert told(house) == 2
    [text] = {message.text for message in messages(house) if TEXT in message.text}
    assert "赵" not in text


def test_a_relative_in_wechat_is_told_there_too_and_led_to_the_list(house: Services, relative: FlaskClient) -> None:
    openid = follow(house, exam_of(house).id)
    amend(house)
    assert house.simulation.wechat is not None
    [notice] = [each for each in house.simulation.wechat.notices(openid) if ("状态", "报告有修订") in each.fields]
    assert notice.url.endswith("/wx/enter?to=exams")
    assert told(house) == 1


def test_who_did_not_read_it_or_has_no_grant_any_more_is_not_told(
    house: Services, app: Flask, relative: FlaskClient
) -> None:
    remove(mother(app, house), grants(relative)[0])
    amend(house)
    assert kinds(house) == []


def test_a_grant_that_ends_before_the_message_goes_out_cancels_it(
    house: Services, app: Flask, relative: FlaskClient
) -> None:
    patients = mother(app, house)
    report(house, "A2", status="amended", impression="修订的意见")
    remove(patients, grants(relative)[0])
    sweep(house)
    assert told(house) == 0
    assert [state for _, _, state in kinds(house)] == ["cancelled"]


def test_while_the_exam_is_held_nobody_is_told_and_afterwards_everybody_once(
    house: Services, relative: FlaskClient
) -> None:
    exam_id = exam_of(house, "A2").id
    house.release.holds.withhold(exam_id, "核对", "staff:a")
    amend(house)
    assert told(house) == 0
    house.release.holds.release_hold(exam_id, "核对完毕", "staff:a")
    sweep(house)
    assert told(house) == 1


def test_a_correction_of_the_patients_number_leaves_what_goes_to_a_relative(
    house: Services, relative: FlaskClient
) -> None:
    report(house, "A2", status="amended", impression="修订的意见")
    registered(house, "A2", MOTHER | {"phone": "13900000009"})
    sweep(house)
    assert told(house) == 1
    assert told(house, "+8613900000009") == 0


def test_a_relative_with_the_patients_own_number_has_the_patients_message_alone(
    house: Services, relative: FlaskClient
) -> None:
    registered(house, "A2", MOTHER | {"phone": PHONE.removeprefix("+86")})
    report(house, "A2", status="amended", impression="修订的意见")
    sweep(house, seconds=61)
    assert kinds(house) == []
    assert any("您的检查报告已可查看" in message.text for message in messages(house))


def test_a_carrier_that_comes_back_is_handed_it_once(house: Services, relative: FlaskClient) -> None:
    away = with_carrier(house, Busy())
    report(house, "A2", status="amended", impression="修订的意见")
    away.worker.run_sweeps()
    assert told(house) == 0
    sweep(house, seconds=3600)
    assert told(house) == 1


def test_a_refused_message_to_a_relative_is_on_the_desks_list(house: Services, relative: FlaskClient) -> None:
    amend(house)
    with house.db.session() as session:
        for row in notifications(house, exam_of(house, "A2").id):
            if row.kind == "relative_amended":
                session.merge(row).state = "failed"
    page = house.desk.failed_messages.newest()
    assert [row.kind for row in page.rows] == ["relative_amended"]


def test_a_guest_and_a_helper_find_it_first_on_the_page_at_the_next_opening(house: Services, app: Flask) -> None:
    owner, exam_id = patient(app, house)
    report(house)
    family, address = guest(app, share(owner, exam_id, pictures="1", report="1"))
    assert "医生修订过这份报告" not in family.get(address).text
    helper = app.test_client()
    assert helper.post("/h", data={"helper_code": helper_code(owner, exam_id)}).status_code == 303
    report(house, status="amended", impression="修订的意见")
    for page in (family.get(address).text, helper.get(f"/exams/{exam_id}").text):
        assert page.index("医生修订过这份报告") < page.index("检查日期") < page.index("修订的意见")
        assert page.count("医生修订过这份报告") == 1
        assert "第 1 版（" in page.partition("检查日期")[0], "which one it replaces stands there too"

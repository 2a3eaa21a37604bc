"""A relative sees a member's exams by digits that the member gave, until time or either side ends it."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app import create_app
from app.bootstrap import Services
from app.models import AuditEvent, FamilyGrant
from tests.factories.access import let_in
from tests.factories.family import (
    MOTHER,
    added,
    ask,
    daughter,
    family_digits,
    grants,
    looks_of,
    mother,
    post,
    registered,
    remove,
)
from tests.factories.house import clock_of, services
from tests.factories.login import bound, enter
from tests.factories.phone_door import listed
from tests.factories.telling import PHONE, exam_of, messages, register, sweep


@pytest.fixture
def house(tmp_path: Path) -> Services:
    built = services(tmp_path, wechat_notices="simulated")
    register(built)
    registered(built, "A2", MOTHER)
    return built


@pytest.fixture
def app(house: Services) -> Flask:
    return create_app(house.settings, house)


def exam_of_mother(app: Flask, house: Services) -> str:
    return listed(mother(app, house))[0]


def test_a_member_is_added_and_her_exams_also_future_ones_stand_under_her_name(house: Services, app: Flask) -> None:
    client = daughter(app, house)
    assert len(listed(client)) == 1
    added(client, house)
    registered(house, "A3", MOTHER)
    told = client.get("/exams", headers={"Accept": "application/json"}).get_json()["exams"]
    assert sorted(exam["person"] for exam in told) == ["李*", "赵*芝", "赵*芝"]
    assert "亲友的检查" in client.get("/exams").text
    assert client.get(f"/exams/{told[1]['id']}").status_code == 200


def test_the_members_phone_is_told_that_a_relative_was_added(house: Services, app: Flask) -> None:
    added(daughter(app, house), house)
    sweep(house)
    texts = [message.text for message in messages(house, "+86" + MOTHER["phone"])]
    assert sum("已有亲友可以查看" in text for text in texts) == 1
    assert not any("已有亲友" in message.text for message in messages(house, PHONE))


def test_both_pages_list_it_with_its_end_and_a_form(house: Services, app: Flask) -> None:
    client = daughter(app, house)
    added(client, house)
    mine, hers = client.get("/family").text, mother(app, house).get("/family").text
    assert "赵*芝" in mine
    assert "2027-03-02 到期" in mine
    assert "李*" in hers
    assert "停止对方查看" in hers
    assert "停止对方查看" not in mine


def test_every_look_of_a_relative_is_hers_to_see_and_the_relative_sees_the_own_alone(
    house: Services, app: Flask
) -> None:
    client, member = daughter(app, house), mother(app, house)
    added(client, house)
    exam = listed(member)[0]
    member.get(f"/exams/{exam}")
    client.get(f"/exams/{exam}")
    assert looks_of(member, exam) == [("relative", "李*"), ("self", "赵*芝")]
    assert looks_of(client, exam) == [("relative", "李*")]


@pytest.mark.parametrize("side", [daughter, mother])
def test_either_side_ends_it_and_what_is_open_ends_at_once(house: Services, app: Flask, side: object) -> None:
    client, member = daughter(app, house), mother(app, house)
    added(client, house)
    exam = listed(member)[0]
    assert client.get(f"/exams/{exam}").status_code == 200
    ending = client if side is daughter else member
    (grant,) = grants(ending)
    assert remove(ending, grant).status_code == 303
    assert remove(ending, grant).status_code == 303  # twice is as once
    assert client.get(f"/exams/{exam}").status_code == 404
    assert exam not in listed(client)
    assert grants(client) == grants(member) == []
    assert client.get("/exams").status_code == 200


def test_after_a_year_it_is_over(house: Services, app: Flask) -> None:
    added(daughter(app, house), house)
    clock_of(house).advance(365 * 86400 - 3600)
    client = daughter(app, house)
    assert len(listed(client)) == 2
    clock_of(house).advance(3600)
    assert len(listed(daughter(app, house))) == 1


def test_who_may_see_the_report_alone_sees_no_pictures(house: Services, app: Flask) -> None:
    client = daughter(app, house)
    post(client, scope="report", action="send_code")
    assert post(client, one_time_code=family_digits(house)[-1]).status_code == 303
    exam = exam_of_mother(app, house)
    assert client.get(f"/exams/{exam}").status_code == 200
    for tail in ("viewer", "manifest.json", "images.zip", "dicom.zip", "series/1/frames/1.jpg"):
        assert client.get(f"/exams/{exam}/{tail}").status_code == 404, tail


def test_digits_alone_are_enough_for_who_asked(house: Services, app: Flask) -> None:
    client = daughter(app, house)
    ask(client)
    assert post(client, {"name": "", "id_number": ""}, one_time_code=family_digits(house)[-1]).status_code == 303
    assert len(listed(client)) == 2


def test_added_again_there_is_one_and_it_begins_anew(house: Services, app: Flask) -> None:
    client = daughter(app, house)
    added(client, house)
    clock_of(house).advance(86400)
    client = daughter(app, house)
    added(client, house)
    assert len(grants(client)) == 1
    assert "2027-03-03 到期" in client.get("/family").text
    with house.db.read() as session:
        assert sorted(str(row.ended_by) for row in session.scalars(select(FamilyGrant))) == ["None", "again"]


def test_a_session_of_one_exam_is_told_the_way_and_has_no_form(house: Services, app: Flask) -> None:
    client = let_in(app, house, exam_of(house).id)
    page = client.get("/family")
    assert page.status_code == 200
    assert 'href="/p"' in page.text
    assert 'name="id_number"' not in page.text
    assert post(client, action="send_code").status_code == 403


def test_the_menus_link_leads_to_the_familys_page(house: Services, app: Flask) -> None:
    client = bound(app, house)
    assert enter(client, house, to="family").headers["Location"] == "/family"
    assert client.get("/family").status_code == 200


def test_what_was_done_stands_in_the_audit_log(house: Services, app: Flask) -> None:
    client = daughter(app, house)
    added(client, house)
    remove(client, grants(client)[0])
    with house.db.read() as session:
        events = [event.action for event in session.scalars(select(AuditEvent))]
    assert [action for action in events if action.startswith("family.")] == ["family.added", "family.ended"]


def test_the_desks_revoke_ends_what_relatives_see_at_once_and_leaves_whom_the_patient_sees(
    house: Services, app: Flask
) -> None:
    client, patients = daughter(app, house), mother(app, house)
    added(client, house)
    exam = next(one for one in listed(client) if one in listed(patients))
    assert client.get(f"/exams/{exam}").status_code == 200
    house.desk.exams.revoke(exam_of(house, "A1").id, "手机丢失", "staff:desk")  # her own exam: what she may see stays
    clock_of(house).advance(61)
    client = daughter(app, house)
    assert client.get(f"/exams/{exam}").status_code == 200
    house.desk.exams.revoke(exam_of(house, "A2").id, "手机丢失", "staff:desk")
    assert client.get(f"/exams/{exam}").status_code == 404
    clock_of(house).advance(61)
    assert len(listed(daughter(app, house))) == 1
    with house.db.read() as session:
        assert [row.ended_by for row in session.scalars(select(FamilyGrant))] == ["staff"]
        [told] = session.scalars(select(AuditEvent).where(AuditEvent.action == "staff.ended_family"))
    assert (told.actor, told.detail["note"]) == ("staff:desk", "手机丢失")
    clock_of(house).advance(61)
    added(daughter(app, house), house)  # the patient may allow it again

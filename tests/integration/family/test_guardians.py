"""The guardian of a child under 14 is confirmed once by staff; then the exams are open until the child is 14."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask

from app import create_app
from app.bootstrap import Services
from app.errors import Conflict, InvalidInput
from app.security.permissions import Role
from app.services.family import guardians
from app.services.paging import Asked
from app.web.row_ids import row_id
from tests.factories.family import CHILD, MOTHER, daughter, grants, post, registered
from tests.factories.house import clock_of, services
from tests.factories.phone_door import listed
from tests.factories.staff import console
from tests.factories.telling import messages, register, sweep

DESK = "staff:desk"


@pytest.fixture
def house(tmp_path: Path) -> Services:
    built = services(tmp_path)
    register(built)
    registered(built, "A3", CHILD)
    return built


@pytest.fixture
def app(house: Services) -> Flask:
    return create_app(house.settings, house)


def waiting(house: Services) -> list[UUID]:
    return [each.id for each in house.family.guardians.waiting(DESK).rows]


def test_what_a_guardian_asked_for_opens_when_staff_confirm_it(house: Services, app: Flask) -> None:
    client = daughter(app, house)
    assert post(client, CHILD, relation="child", action="ask_staff").status_code == 200
    assert len(listed(client)) == 1
    (asked,) = house.family.guardians.waiting(DESK).rows
    assert (asked.guardian_name, asked.child_name, asked.is_child) == ("李娜", "李小宝", True)
    house.family.guardians.confirm(asked.id, "身份证和户口簿", DESK)
    exam = next(one for one in listed(client) if "亲友" not in one and one != listed(client)[0])
    assert client.get(f"/exams/{exam}").status_code == 200
    assert "2032-06-01 到期" in client.get("/family").text
    sweep(house)
    assert any("已有亲友" in message.text for message in messages(house, "+86" + CHILD["phone"]))


def test_the_guardian_may_share_and_it_ends_on_the_fourteenth_birthday(house: Services, app: Flask) -> None:
    client = daughter(app, house)
    post(client, CHILD, relation="child", action="ask_staff")
    house.family.guardians.confirm(waiting(house)[0], "户口簿", DESK)
    exam = listed(client)[1]
    assert client.get(f"/exams/{exam}/shares").status_code == 200
    clock_of(house).advance(6 * 365 * 86400 + 200 * 86400)
    assert len(listed(daughter(app, house))) == 1


def test_nobody_is_the_guardian_of_a_grown_person(house: Services, app: Flask) -> None:
    registered(house, "A2", MOTHER)
    client = daughter(app, house)
    post(client, MOTHER, action="ask_staff")
    (asked,) = house.family.guardians.waiting(DESK).rows
    assert not asked.is_child
    with pytest.raises(InvalidInput):
        house.family.guardians.confirm(asked.id, "户口簿", DESK)
    assert len(listed(client)) == 1


def test_a_request_that_names_nobody_looks_the_same_and_waits_for_nothing(house: Services, app: Flask) -> None:
    client = daughter(app, house)
    right = post(client, CHILD, relation="child", action="ask_staff").text
    clock_of(house).advance(61)
    wrong = post(client, CHILD | {"name": "李小贝"}, relation="child", action="ask_staff").text
    assert wrong.count("等待服务台确认监护关系") == 2
    assert right.count("等待服务台确认监护关系") == 1
    assert len(waiting(house)) == 1
    assert "李小宝" not in wrong


def test_five_requests_wait_at_most(house: Services, app: Flask) -> None:
    client = daughter(app, house)
    for number in range(5):
        assert post(client, CHILD | {"name": f"甲{number}"}, action="ask_staff").status_code == 200
        clock_of(house).advance(800)
        client.get("/exams")
    assert post(client, CHILD, action="ask_staff").status_code == 409


def test_a_request_is_answered_once_and_a_refused_one_opens_nothing(house: Services, app: Flask) -> None:
    client = daughter(app, house)
    post(client, CHILD, relation="child", action="ask_staff")
    (asked,) = waiting(house)
    house.family.guardians.end(asked, "没有带证件", DESK)
    for again in (house.family.guardians.confirm, house.family.guardians.end):
        with pytest.raises(Conflict):
            again(asked, "证件", DESK)
    assert len(listed(client)) == 1
    assert grants(client) == []


def test_the_desk_confirms_and_ends_it_in_the_console(house: Services, app: Flask) -> None:
    client = daughter(app, house)
    post(client, CHILD, relation="child", action="ask_staff")
    (asked,) = waiting(house)
    desk = console(app, house, Role.DESK)
    assert "李小宝" in desk.client.get("/staff/family").text
    refused = desk.post(f"/staff/family/{asked.hex}/confirm", reason=" ")
    assert refused.status_code == 400
    assert desk.post(f"/staff/family/{asked.hex}/confirm", reason="户口簿").status_code == 303
    child = listed(client)[1]
    page = desk.client.get(f"/staff/exams/{child}/family")
    assert "李娜" in page.text
    assert desk.post(f"/staff/exams/{child}/family/{asked.hex}/end", reason="监护人要求").status_code == 303
    assert client.get(f"/exams/{child}").status_code == 404
    assert row_id(child) is not None


def test_requests_are_read_page_by_page_the_oldest_first(
    house: Services, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered(house, "A2", MOTHER)
    client = daughter(app, house)
    for person in (CHILD, MOTHER):
        assert post(client, person, relation="child", action="ask_staff").status_code == 200
        clock_of(house).advance(800)
        client.get("/exams")
    oldest, youngest = waiting(house)
    monkeypatch.setattr(guardians, "SHOWN", 1)
    first = house.family.guardians.waiting(DESK)
    assert ([each.id for each in first.rows], first.newer) == ([oldest], None)
    second = house.family.guardians.waiting(DESK, Asked(older=first.older or ""))
    assert ([each.id for each in second.rows], second.older) == ([youngest], None)
    back = house.family.guardians.waiting(DESK, Asked(newer=second.newer or ""))
    assert [each.id for each in back.rows] == [oldest]
    page = console(app, house, Role.DESK).client.get("/staff/family").text
    assert "李小宝" in page
    assert "下一页" in page

"""Who wants a stranger's exams by the family's door gets nothing and learns nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from app.bootstrap import Services
from app.errors import AccessRefused, NotFound
from app.models import AuditEvent, FamilyGrant
from app.services.family.typed import Wanted
from app.web.row_ids import row_id
from tests.factories.access import under_exams
from tests.factories.family import (
    CHILD,
    MOTHER,
    added,
    ask,
    daughter,
    family_digits,
    grants,
    mother,
    post,
    registered,
)
from tests.factories.house import clock_of, services
from tests.factories.phone_door import digits_on, inside, listed
from tests.factories.sharing import form_token
from tests.factories.telling import register, sweep


@pytest.fixture
def house(tmp_path: Path) -> Services:
    built = services(tmp_path)
    register(built)
    registered(built, "A2", MOTHER)
    return built


@pytest.fixture
def app(house: Services) -> Flask:
    return create_app(house.settings, house)


def without_token(page: str, client: FlaskClient) -> str:
    return page.replace(form_token(client, "/family"), "token")


@pytest.mark.parametrize(
    "person",
    [
        MOTHER | {"name": "王芳"},
        MOTHER | {"id_number": "120101197001020021"},
        MOTHER | {"id_number": "???"},
        {"name": "李娜", "id_number": "120101196001020027"},
        {"name": "x" * 64, "id_number": "y" * 64},
    ],
)
def test_every_name_and_number_gets_the_same_page_and_no_message(
    house: Services, app: Flask, person: dict[str, str]
) -> None:
    client = daughter(app, house)
    before = len(digits_on(house))
    answer = ask(client, person)
    assert answer.status_code == 200
    assert "如果信息与检查登记一致" in answer.text
    assert family_digits(house) == []
    assert family_digits(house, "13900000001") == []
    assert len(digits_on(house)) == before
    refused = post(client, person, one_time_code="123456")
    assert refused.status_code == 403
    clock_of(house).advance(61)
    ask(client)
    wrong = "000000" if family_digits(house)[-1] != "000000" else "000001"
    known = post(client, one_time_code=wrong)
    assert known.status_code == 403
    cut = [page.text.partition("没有添加")[2].partition("</section>")[0] for page in (refused, known)]
    assert cut[0] == cut[1] != ""


def test_digits_are_good_for_who_asked_and_once(house: Services, app: Flask) -> None:
    registered(house, "A3", CHILD)
    thief = inside(app, house, "0014", CHILD["phone"])
    client = daughter(app, house)
    ask(client)
    digits = family_digits(house)[-1]
    assert post(thief, one_time_code=digits).status_code == 403
    assert post(client, one_time_code=digits).status_code == 303
    assert post(client, one_time_code=digits).status_code == 403
    assert len(listed(thief)) == 1


def test_after_five_tries_and_after_ten_minutes_the_right_digits_add_nobody(house: Services, app: Flask) -> None:
    client = daughter(app, house)
    ask(client)
    digits = family_digits(house)[-1]
    wrong = "000000" if digits != "000000" else "000001"
    assert [post(client, one_time_code=wrong).status_code for _ in range(5)] == [403] * 5
    assert post(client, one_time_code=digits).status_code == 403
    clock_of(house).advance(61)
    ask(client)
    digits = family_digits(house)[-1]
    clock_of(house).advance(601)
    assert post(client, one_time_code=digits).status_code == 403


def test_thirty_parallel_guesses_get_no_more_than_five_comparisons(house: Services, app: Flask) -> None:
    client = daughter(app, house)
    ask(client)
    digits = family_digits(house)[-1]
    with house.db.read() as session:
        found = session.scalars(select(AuditEvent.actor).where(AuditEvent.action == "access.granted")).all()
    session_id = found[-1].partition(":")[2]
    oneself = house.family.people.oneself([row_id(session_id)])
    assert oneself is not None
    wanted = Wanted(MOTHER["name"], MOTHER["id_number"])
    guesses = [f"{(int(digits) + step) % 10**6:06d}" for step in range(1, 31)]

    def guess(typed: str) -> bool:
        try:
            house.family.members.add(oneself, wanted, typed, "203.0.113.9")
        except AccessRefused:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert not any(threads.map(guess, guesses))
    assert not guess(digits), "five tries were used up by others"


def test_one_phone_is_rung_once_a_minute_and_five_times_a_day_whoever_asks(house: Services, app: Flask) -> None:
    registered(house, "A3", CHILD)
    others = [daughter(app, house), inside(app, house, "0014", CHILD["phone"])]
    for client in others:
        assert ask(client).status_code == 200
    assert len(family_digits(house)) == 1
    for _ in range(20):
        clock_of(house).advance(1500)
        for client in others:
            ask(client)
        rung = len(family_digits(house))
    assert rung == 5


def test_one_person_asks_once_a_minute_and_ten_times_a_day_for_whomever(house: Services, app: Flask) -> None:
    client = daughter(app, house)
    assert [ask(client, MOTHER | {"name": f"甲{number}"}).status_code for number in range(2)] == [200, 429]
    for _ in range(20):
        clock_of(house).advance(800)
        last = ask(client)
    assert last.status_code == 429


def test_who_asks_too_often_for_ever_fills_no_audit_log(house: Services, app: Flask) -> None:
    client = daughter(app, house)
    assert [ask(client).status_code for _ in range(41)] == [200] + [429] * 40
    with house.db.read() as session:
        refused = select(AuditEvent.seq).where(AuditEvent.action == "access.one_time_code_refused")
        assert len(session.scalars(refused).all()) == 12, "each of ten, then the 20th and 40th"


def test_a_relative_gives_nothing_on_and_sees_no_log_of_others(house: Services, app: Flask) -> None:
    client, member = daughter(app, house), mother(app, house)
    added(client, house)
    exam = listed(member)[0]
    token = form_token(client, "/family")
    for tail in ("shares", "hand-over"):
        assert client.get(f"/exams/{exam}/{tail}").status_code == 404, tail
        assert client.post(f"/exams/{exam}/{tail}", data={"csrf_token": token, "days": "7"}).status_code == 404, tail
    member.get(f"/exams/{exam}")
    told = client.get(f"/exams/{exam}/looks", headers={"Accept": "application/json"}).get_json()
    assert told == {"looks": []}


def test_a_relative_neither_agrees_nor_withdraws_for_a_member(tmp_path: Path) -> None:
    house = services(tmp_path, consent="asked")
    register(house)
    registered(house, "A2", MOTHER)
    app = create_app(house.settings, house)
    client, member = daughter(app, house), mother(app, house)
    for browser in (client, member):
        assert browser.get("/exams").headers["Location"] == "/consent"
        token = form_token(browser, "/consent")
        assert browser.post("/consent", data={"csrf_token": token, "action": "agree"}).status_code == 303
    exam = listed(member)[0]
    added(client, house)
    assert client.get(f"/exams/{exam}").status_code == 200
    token = form_token(client, "/consent")
    client.post("/consent", data={"csrf_token": token, "action": "withdraw"})
    assert client.get(f"/exams/{exam}").headers["Location"] == "/consent"
    assert client.get(f"/exams/{exam}/manifest.json").status_code == 403
    assert member.get(f"/exams/{exam}").status_code == 200


def test_a_member_who_withdraws_consent_closes_it_for_relatives_at_once(tmp_path: Path) -> None:
    house = services(tmp_path, consent="asked")
    register(house)
    registered(house, "A2", MOTHER)
    app = create_app(house.settings, house)
    client, member = daughter(app, house), mother(app, house)
    for browser in (client, member):
        browser.post("/consent", data={"csrf_token": form_token(browser, "/consent"), "action": "agree"})
    exam = listed(member)[0]
    added(client, house)
    assert client.get(f"/exams/{exam}").status_code == 200
    member.post("/consent", data={"csrf_token": form_token(member, "/consent"), "action": "withdraw"})
    assert client.get(f"/exams/{exam}").status_code == 404


def test_a_third_person_ends_nothing_and_no_form_without_its_token_does_anything(house: Services, app: Flask) -> None:
    registered(house, "A3", CHILD)
    client, third = daughter(app, house), inside(app, house, "0014", CHILD["phone"])
    added(client, house)
    (grant,) = grants(client)
    token = form_token(third, "/family")
    assert third.post(f"/family/{grant}/remove", data={"csrf_token": token}).status_code == 404
    assert client.post(f"/family/{grant}/remove", data={"csrf_token": token}).status_code == 400
    assert app.test_client().post(f"/family/{grant}/remove").status_code == 404
    assert client.post("/family", data={"name": "赵敏芝", "action": "send_code"}).status_code == 400
    foreign = {"Origin": "https://elsewhere.example"}
    ours = {"csrf_token": form_token(client, "/family")}
    assert client.post(f"/family/{grant}/remove", data=ours, headers=foreign).status_code == 403
    assert len(listed(client)) == 2


def test_another_name_with_the_members_number_stays_closed(house: Services, app: Flask) -> None:
    client = daughter(app, house)
    added(client, house)
    registered(house, "A9", MOTHER | {"name": "王芳", "patient_id": "P9"})
    assert len(listed(client)) == 2


def test_a_ticket_of_a_relative_opens_as_the_relative_and_ends_with_the_grant(house: Services, app: Flask) -> None:
    client, member = daughter(app, house), mother(app, house)
    added(client, house)
    exam = listed(member)[0]
    page = client.get(f"/exams/{exam}", headers={"User-Agent": "MicroMessenger"}).text
    ticket = page.partition('data-address="')[2].partition('"')[0]
    other = app.test_client()
    assert other.post(ticket).headers["Location"] == f"/exams/{exam}"
    assert other.get(f"/exams/{exam}").status_code == 200
    assert other.get(f"/exams/{exam}/shares").status_code == 404
    assert other.post("/family", data={"csrf_token": form_token(other, "/family")}).status_code == 403
    (grant,) = grants(client)
    client.post(f"/family/{grant}/remove", data={"csrf_token": form_token(client, "/family")})
    assert other.get(f"/exams/{exam}").status_code == 404


def test_a_download_of_a_relative_is_cut_off_when_the_member_ends_it(house: Services, app: Flask) -> None:
    """What `cut_off` asks each second says no from that moment on."""
    client, member = daughter(app, house), mother(app, house)
    added(client, house)
    exam = listed(member)[0]
    with house.db.read() as session:
        events = select(AuditEvent.actor).where(AuditEvent.action == "access.granted").order_by(AuditEvent.seq)
        granted = session.scalars(events).all()
        grant = session.scalars(select(FamilyGrant)).one()
    relatives = row_id(granted[0].partition(":")[2])
    sessions = house.patient_access.sessions
    access = sessions.check_relative(relatives, row_id(exam))
    assert access.family is not None
    assert access.family.grant_id == grant.id
    member.post(f"/family/{grant.id.hex}/remove", data={"csrf_token": form_token(member, "/family")})
    with pytest.raises(NotFound):
        sessions.check_relative(relatives, row_id(exam))
    sweep(house)


def test_every_address_of_an_exam_that_is_not_or_no_more_the_familys_is_404(house: Services, app: Flask) -> None:
    third = registered(house, "A3", CHILD)
    client, member = daughter(app, house), mother(app, house)
    added(client, house)
    (exam,) = listed(member)
    assert client.get(f"/exams/{exam}").status_code == 200
    tried = list(under_exams(app, third))
    assert len(tried) >= 12
    for method, address in tried:
        assert client.open(address, method=method).status_code == 404, address
    client.post(f"/family/{grants(client)[0]}/remove", data={"csrf_token": form_token(client, "/family")})
    for method, address in under_exams(app, exam):
        assert client.open(address, method=method).status_code == 404, address


def test_one_changed_digit_of_any_id_in_an_address_is_404(house: Services, app: Flask) -> None:
    client, member = daughter(app, house), mother(app, house)
    added(client, house)
    (exam,), (grant,) = listed(member), grants(client)
    token = form_token(client, "/family")
    for place in range(0, 32, 5):
        changed = [text[:place] + ("0" if text[place] != "0" else "1") + text[place + 1 :] for text in (exam, grant)]
        assert client.get(f"/exams/{changed[0]}").status_code == 404
        assert client.post(f"/family/{changed[1]}/remove", data={"csrf_token": token}).status_code == 404
    assert client.get(f"/exams/{exam.upper()}").status_code == 404

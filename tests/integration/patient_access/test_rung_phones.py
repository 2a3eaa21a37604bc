"""One phone gets ten one-time codes in a day, over all doors that send them, however many ask at once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app import create_app
from app.bootstrap import Services
from app.models import AuditEvent, Job
from app.models.states import JobKind
from app.services.patient_access.rung_phones import RINGS, may_ring
from tests.factories import family, login, phone_door
from tests.factories.access import Issued, issued, post
from tests.factories.house import clock_of, services
from tests.factories.phone_door import digits_on
from tests.factories.telling import messages, sweep

(A_DAY,) = RINGS
PHONE = "13900000001"
DAUGHTER = {"name": login.NAME, "id_number": login.ID_NUMBER}
STEP_UP = {"action": "send_code"}
EXAMS = 4


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path, wechat_notices="simulated")


@pytest.fixture
def app(house: Services) -> Flask:
    return create_app(house.settings, house)


@pytest.fixture
def exams(house: Services) -> list[Issued]:
    """Of one patient, with codes of their own."""
    return [issued(house, f"A{number}") for number in range(EXAMS)]


def codes_sent(house: Services, phone: str = PHONE) -> int:
    """One-time codes of whatever door."""
    sweep(house)
    return sum("验证码" in message.text for message in messages(house, "+86" + phone))


def refused(house: Services) -> list[AuditEvent]:
    with house.db.read() as session:
        wanted = select(AuditEvent).where(AuditEvent.action == "access.one_time_code_refused")
        return list(session.scalars(wanted))


def ring_everywhere(house: Services, app: Flask, exams: list[Issued]) -> dict[str, int]:
    """Ask at each door in turn, three times, with a minute between; how many codes came by each."""
    family.registered(house, "M1", family.MOTHER)
    mother, wechat = family.mother(app, house), app.test_client()
    login.enter(wechat, house)
    doors: dict[str, Callable[[], object]] = {
        "phone": lambda: phone_door.ask(app.test_client()),
        "binding": lambda: login.ask(wechat),
        "family": lambda: family.ask(mother, DAUGHTER),
    }
    doors |= {exam.qr: lambda code=exam.qr: post(app, f"/q/{code}", STEP_UP) for exam in exams}
    came = dict.fromkeys(doors, 0)
    for number in range(3 * len(doors)):
        name = list(doors)[number % len(doors)]
        before = codes_sent(house)
        doors[name]()
        came[name] += codes_sent(house) - before
        clock_of(house).advance(61)
    return came


def test_all_doors_together_ring_a_phone_ten_times_a_day(house: Services, app: Flask, exams: list[Issued]) -> None:
    came = ring_everywhere(house, app, exams)
    assert codes_sent(house) == sum(came.values()) == A_DAY, came
    assert all(came.values()), f"each door sent some: {came}"
    assert refused(house), "who got none leaves a trace"


def test_each_phone_that_is_not_rung_leaves_a_trace_though_strangers_fill_the_log(house: Services) -> None:
    now = house.clock.now()
    codes, refusals = house.patient_access.verification.codes, house.patient_access.verification.refusals
    with house.db.session() as session:
        for number in range(200):
            phone = codes.hash("phone", str(number))
            for _ in range(A_DAY + 2):
                may_ring(session, codes, refusals, phone, f"patient:{number}", now)
    assert {row.subject for row in refused(house)} == {f"patient:{number}" for number in range(200)}


def test_a_day_later_it_rings_again(house: Services, app: Flask, exams: list[Issued]) -> None:
    ring_everywhere(house, app, exams)
    clock_of(house).advance(24 * 3600)
    post(app, f"/q/{exams[0].qr}", STEP_UP)
    assert codes_sent(house) == A_DAY + 1


def test_many_workers_at_once_send_not_one_more(house: Services, app: Flask, exams: list[Issued]) -> None:
    for exam in exams:
        for _ in range(3):
            post(app, f"/q/{exam.qr}", STEP_UP)
    phone_door.ask(app.test_client())
    answers = {
        JobKind.ONE_TIME_CODE: house.patient_access.one_time_codes.answer,
        JobKind.PHONE_CODE: house.phone_door.answer,
    }
    with house.db.read() as session:
        waiting = [(JobKind(kind), key) for kind, key in session.execute(select(Job.kind, Job.key)) if kind in answers]
    assert len(waiting) == 3 * EXAMS + 1
    with ThreadPoolExecutor(len(waiting)) as pool:
        list(pool.map(lambda job: answers[job[0]](job[1]), waiting * 2))
    assert codes_sent(house) == A_DAY
    assert digits_on(house), "the phone got them"


def test_who_is_known_comes_in_though_strangers_used_up_the_phone(
    house: Services, app: Flask, exams: list[Issued]
) -> None:
    """The last four open, and the desk lets in."""
    for _ in range(A_DAY):
        clock_of(house).advance(3601)
        phone_door.ask(app.test_client())
        sweep(house)
    assert codes_sent(house) == A_DAY
    assert post(app, f"/q/{exams[0].qr}", {"factor": exams[0].factor}).status_code == 303
    read_out = house.desk.exams.let_in(uuid.UUID(hex=exams[1].exam_id), "lost", "staff:desk")
    assert post(app, f"/q/{exams[1].qr}", {"one_time_code": read_out}).status_code == 303


def test_when_strangers_used_up_a_phone_its_owner_is_told_the_ways_that_are_left(
    house: Services, app: Flask, exams: list[Issued]
) -> None:
    """The page says it of every number alike, and each way that it names leads in."""
    wechat = login.bound(app, house)
    clock_of(house).advance(24 * 3600)
    phones = (PHONE, phone_door.NO_PATIENTS)
    for number in range(A_DAY):
        clock_of(house).advance(3601)
        assert {phone_door.ask(app.test_client(), phone, f"10.0.0.{number}").status_code for phone in phones} == {200}
        sweep(house)
    pages = [phone_door.ask(app.test_client(), phone) for phone in phones]
    assert [page.status_code for page in pages] == [429, 429]
    assert len({page.text.replace(phone, "") for page, phone in zip(pages, phones, strict=True)}) == 1
    text = pages[0].text
    assert "</b> 小时后" in text, "nobody counts 900 minutes"
    ways = text.partition("收不到短信验证码？</h2>")[2]
    assert all(way in ways for way in ("报告单上的二维码", "微信通知", "以前打开过", "服务台"))
    assert post(app, f"/q/{exams[0].qr}", {"factor": exams[0].factor}).status_code == 303
    assert login.enter(wechat, house).headers["Location"] == "/exams"
    read_out = house.desk.exams.let_in(uuid.UUID(hex=exams[1].exam_id), "lost", "staff:desk")
    assert post(app, f"/q/{exams[1].qr}", {"one_time_code": read_out}).status_code == 303


def test_who_waits_in_vain_for_a_code_reads_the_ways_too_at_each_door(
    house: Services, app: Flask, exams: list[Issued]
) -> None:
    """At other doors strangers used the phone up: nothing says so, but the page names what needs no message."""
    for exam in (exams[0].qr, "C" * 26):
        page = post(app, f"/q/{exam}", STEP_UP)
        assert page.status_code == 200
        assert "收不到短信验证码？" in page.text
        assert "报告单上的二维码" not in page.text, "here its last four may count no more"
    assert "收不到短信验证码？" in phone_door.ask(app.test_client()).text

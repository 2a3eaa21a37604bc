"""Bombing by the phone door: one number, many numbers, for ever. Few messages go out, and few rows are written."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.bootstrap import Services
from app.models import AuditEvent, PhoneCode
from app.repos.phone_door import digits as repo
from app.services.phone_door.door import LIMITS
from tests.factories.access import application
from tests.factories.house import clock_of, services
from tests.factories.phone_door import NO_PATIENTS, PHONE, ask, digits_on
from tests.factories.telling import register


def test_one_number_rings_once_a_minute_five_times_an_hour_ten_times_a_day_whoever_asks(
    house: Services, app: Flask
) -> None:
    register(house, "A1")
    rang: list[int] = []
    asked_at = [*range(0, 7200, 20), *range(7200, 26 * 3600, 300)]
    for second, following in pairwise(asked_at):
        answer = ask(app.test_client(), source=f"10.{second >> 16 & 255}.{second >> 8 & 255}.{second & 255}")
        if answer.status_code == 200:
            rang.append(second)
            assert len(digits_on(house)) == len(rang)
        else:
            assert int(answer.headers["Retry-After"]) > 0
        clock_of(house).advance(following - second)
    for most, window in LIMITS.items():
        seconds = int(window.total_seconds())
        assert max(sum(at <= other < at + seconds for other in rang) for at in rang) == most


def test_who_asks_too_often_leaves_a_trace(house: Services) -> None:
    client = application(house).test_client()
    assert [ask(client, number).status_code for number in (PHONE, PHONE, NO_PATIENTS, NO_PATIENTS)] == [
        200,
        429,
        200,
        429,
    ]
    with house.db.read() as session:
        refused = select(AuditEvent.subject).where(AuditEvent.action == "access.one_time_code_refused")
        subjects = session.scalars(refused).all()
    assert len(set(subjects)) == 2
    assert all(subject.startswith("phone:") and PHONE not in subject for subject in subjects)


def test_who_asks_too_often_for_ever_fills_no_audit_log(house: Services) -> None:
    client = application(house).test_client()
    assert Counter(ask(client, PHONE).status_code for _ in range(91)) == {200: 1, 429: 90}
    with house.db.read() as session:
        refused = select(AuditEvent).where(AuditEvent.action == "access.one_time_code_refused")
        rows = session.scalars(refused.order_by(AuditEvent.seq)).all()
    assert len(rows) == 13, "each of ten, then the 20th, 40th and 80th"
    assert rows[-1].detail["times"] == 80


def test_one_address_rings_thirty_phones_an_hour_and_the_next_address_is_free(house: Services, app: Flask) -> None:
    for number in range(40):
        register(house, f"A{number}", patient_id=f"P{number}", patient_phone=f"137{number:08d}")
    found = Counter(ask(app.test_client(), f"137{number:08d}").status_code for number in range(40))
    assert found == {200: 30, 429: 10}
    assert ask(app.test_client(), "13700000035", source="203.0.113.10").status_code == 200
    rang = sum(bool(digits_on(house, f"137{number:08d}")) for number in range(40))
    assert rang == 31


def test_an_address_asks_as_often_for_numbers_of_nobody(house: Services, app: Flask) -> None:
    found = Counter(ask(app.test_client(), f"138{number:08d}").status_code for number in range(40))
    assert found == {200: 30, 429: 10}


def test_what_is_no_mobile_number_costs_nothing_and_rings_nowhere(house: Services, app: Flask) -> None:
    for phone in ("", "139", "12345678901", "+1 202 555 0100", "0086-139", "9" * 500, "１３９"):
        assert ask(app.test_client(), phone).status_code == 200
    with house.db.read() as session:
        assert session.scalar(select(func.count()).select_from(PhoneCode)) == 0


@pytest.mark.hypothesis
def test_a_request_is_let_in_exactly_while_no_stretch_of_time_is_full(tmp_path: Path) -> None:
    house, reached, numbers = services(tmp_path), Counter[int](), itertools.count()
    clock = clock_of(house)

    @given(st.lists(st.integers(0, 90) | st.integers(0, 5 * 3600), min_size=15, max_size=80))
    def asked_at_any_times(steps: list[int]) -> None:
        key, claimed = next(numbers).to_bytes(32), list[datetime]()
        for step in steps:
            clock.advance(step)
            now = clock.now()
            full = [most for most, window in LIMITS.items() if sum(now - at < window for at in claimed) >= most]
            with house.db.session() as session:
                repo.ensure_requests(session, key)
                assert repo.claim_request(session, key, now, LIMITS) is not bool(full)
            claimed += [] if full else [now]
            reached.update(full)

    asked_at_any_times()
    assert all(reached[most] for most in LIMITS), reached


def test_a_clock_set_back_locks_no_number_out_for_longer_than_a_window(house: Services, app: Flask) -> None:
    register(house, "A1")
    clock_of(house).advance(timedelta(days=365).total_seconds())
    assert ask(app.test_client()).status_code == 200
    clock_of(house).advance(-timedelta(days=365).total_seconds())
    assert ask(app.test_client()).status_code == 200

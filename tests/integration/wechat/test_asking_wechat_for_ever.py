"""A stranger with states of an own browser cannot make us ask WeChat without end."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.bootstrap import Services
from app.services.wechat import bounded_asking
from tests.factories.house import clock_of, services
from tests.factories.login import authorised, bound
from tests.factories.telling import register

STRANGER, PATIENT = "203.0.113.9", "198.51.100.7"


@pytest.fixture
def house(tmp_path: Path) -> Services:
    built = services(tmp_path, wechat_notices="simulated")
    register(built)
    return built


@pytest.fixture
def app(house: Services) -> Flask:
    return create_app(house.settings, house)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_asking, "OF_ADDRESS", 5)
    monkeypatch.setattr(bounded_asking, "OF_ALL", 12)


def asked(house: Services) -> int:
    assert house.simulation.wechat is not None
    answer = house.simulation.wechat.session.get("http://wechat.simulated/control/counts", timeout=5)
    return int(answer.json().get("/sns/oauth2/access_token", 0))


def forge(app: Flask, source: str, client: FlaskClient | None = None) -> int:
    """An own state, and a code that WeChat never gave."""
    client = client or app.test_client()
    state = client.get("/wx/enter").headers["Location"].partition("state=")[2].partition("&")[0].partition("#")[0]
    query = {"code": "made-up", "state": state}
    answer = client.get("/wx/callback", query_string=query, environ_base={"REMOTE_ADDR": source})
    return answer.status_code


def come_in(house: Services, app: Flask, source: str) -> Any:
    client = app.test_client()
    code, state = authorised(house, client.get("/wx/enter").headers["Location"])
    query = {"code": code, "state": state}
    return lambda: client.get("/wx/callback", query_string=query, environ_base={"REMOTE_ADDR": source})


def test_one_address_makes_us_ask_a_few_times_an_hour_and_the_others_come_in(house: Services, app: Flask) -> None:
    answers = [forge(app, STRANGER) for _ in range(30)]
    assert answers == [302] * 5 + [503] * 25
    assert asked(house) == 5
    assert come_in(house, app, PATIENT)().headers["Location"] == "/bind"


def test_all_addresses_together_are_bounded(house: Services, app: Flask) -> None:
    answers = [forge(app, f"203.0.113.{number}") for number in range(40)]
    assert answers == [302] * 12 + [503] * 28
    assert asked(house) == 12


def test_some_dozen_addresses_that_ask_for_ever_close_the_login_for_nobody_else(house: Services, app: Flask) -> None:
    answers = [forge(app, f"203.0.113.{number}") for _ in range(5) for number in range(3)]
    assert Counter(answers) == {302: 9, 503: 6}, "the rest is kept for addresses that asked few"
    assert come_in(house, app, PATIENT)().headers["Location"] == "/bind"


def test_a_burst_of_a_thousand_addresses_closes_the_login_for_a_minute_and_not_for_an_hour(
    house: Services, app: Flask
) -> None:
    answers = Counter(forge(app, f"203.0.{number // 250}.{number % 250}") for number in range(60))
    assert answers == {302: 12, 503: 48}
    assert come_in(house, app, PATIENT)().status_code == 503
    clock_of(house).advance(61)
    assert come_in(house, app, PATIENT)().headers["Location"] == "/bind"


def test_addresses_that_asked_before_in_this_hour_do_not_fill_the_next_minutes(house: Services, app: Flask) -> None:
    """Whoever holds the login closed needs new addresses each minute, of which each is worth three questions."""
    came = []
    for minute in range(6):
        for number in range(12):
            for _ in range(bounded_asking.FEW):
                forge(app, f"203.0.113.{number}")
        came.append(come_in(house, app, f"198.51.100.{minute}")().status_code)
        clock_of(house).advance(61)
    assert came == [503] * 4 + [302] * 2


def test_a_browser_that_was_let_in_comes_in_while_all_addresses_are_held_up(house: Services, app: Flask) -> None:
    known = bound(app, house)
    assert known.get_cookie("cf-device") is not None
    clock_of(house).advance(3601)
    answers = [forge(app, f"203.0.113.{number}") for number in range(40)]
    assert Counter(answers) == {302: 12, 503: 28}
    assert come_in(house, app, PATIENT)().status_code == 503
    code, state = authorised(house, known.get("/wx/enter").headers["Location"])
    answer = known.get("/wx/callback", query_string={"code": code, "state": state})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/exams")


def test_one_known_browser_has_a_limit_too_and_a_made_up_token_is_nobodys(house: Services, app: Flask) -> None:
    known, made_up = bound(app, house), app.test_client()
    made_up.set_cookie("cf-device", "made-up")
    with pytest.MonkeyPatch.context() as narrower:
        narrower.setattr(bounded_asking, "OF_DEVICE", 2)
        assert [forge(app, STRANGER, known) for _ in range(4)] == [302] * 2 + [503] * 2
    assert [forge(app, STRANGER, made_up) for _ in range(6)] == [302] * 5 + [503]


def test_known_browsers_have_a_total_however_many_a_patient_makes(house: Services, app: Flask) -> None:
    known = bound(app, house)
    with pytest.MonkeyPatch.context() as narrower:
        narrower.setattr(bounded_asking, "OF_ALL", 2)
        assert [forge(app, STRANGER, known) for _ in range(4)] == [302] * 2 + [503] * 2


def test_who_is_held_up_keeps_the_state_and_the_phone_door_is_named(house: Services, app: Flask) -> None:
    for number in range(12):
        forge(app, f"203.0.113.{number}")
    enter = come_in(house, app, PATIENT)
    page = enter()
    assert (page.status_code, 'href="/p"' in page.text) == (503, True)
    with pytest.MonkeyPatch.context() as wider:
        wider.setattr(bounded_asking, "OF_ALL", 13)
        assert enter().headers["Location"] == "/bind"


def test_the_count_ends_after_an_hour(house: Services, app: Flask) -> None:
    for _ in range(6):
        forge(app, STRANGER)
    clock_of(house).advance(3601)
    assert forge(app, STRANGER) == 302


def test_the_same_callback_that_comes_twice_counts_once(house: Services, app: Flask) -> None:
    enter = come_in(house, app, PATIENT)
    assert [enter().headers["Location"] for _ in range(4)] == ["/bind"] * 4
    assert [forge(app, PATIENT) for _ in range(5)] == [302] * 4 + [503]

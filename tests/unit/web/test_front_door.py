"""The address a caller is seen with is told to who has our keys; for everybody else there is no such page."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.bootstrap import Services
from app.security.front_door import PASS_HEADER, PASS_S, PATH, DoorPass
from tests.factories.access import application
from tests.factories.house import clock_of, services


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path, trusted_proxies="1")


def test_who_has_a_pass_is_told_the_address_or_why_it_is_unknown(house: Services) -> None:
    client, held = application(house).test_client(), {PASS_HEADER: house.door_pass.issue(house.clock.now())}
    told = client.get(PATH, headers={**held, "X-Forwarded-For": "1.1.1.1, 203.0.113.5"}).get_json()
    assert told == {"address": "203.0.113.5", "unknown_because": ""}
    told = client.get(PATH, headers={**held, "X-Forwarded-For": '"'}).get_json()
    assert told == {"address": "", "unknown_because": "the entry of X-Forwarded-For that counts is not an address"}
    told = client.get(PATH, headers=held).get_json()
    assert told == {"address": "", "unknown_because": "X-Forwarded-For is missing"}
    told = client.get(PATH, headers=held, environ_base={"REMOTE_ADDR": "10.9.9.9"}).get_json()
    assert told == {"address": "", "unknown_because": "the connection came from outside of CLOUDFILM_PROXY_ADDRESSES"}


def test_for_everybody_else_it_is_as_a_page_that_does_not_exist(house: Services) -> None:
    client = application(house).test_client()
    good = house.door_pass.issue(house.clock.now())
    nowhere = client.get("/no-such-page")
    for forged in (
        "",
        good[:-1],
        good + "0",
        "9" + good,
        good.replace(".", ":"),
        f"{good.split('.')[0]}.",
        "é.é",
        "1e3.",
    ):
        answer = client.get(PATH, environ_base={f"HTTP_{PASS_HEADER.upper().replace('-', '_')}": forged})
        assert (answer.status_code, answer.data) == (404, nowhere.data), forged
    assert client.get(PATH).status_code == 404
    strangers = DoorPass(b"\0" * 32).issue(house.clock.now())
    assert client.get(PATH, headers={PASS_HEADER: strangers}).status_code == 404


def test_a_pass_is_good_for_a_minute_and_for_clocks_that_differ_by_one(house: Services) -> None:
    client, held = application(house).test_client(), house.door_pass.issue(house.clock.now())
    clock_of(house).advance(PASS_S)
    assert client.get(PATH, headers={PASS_HEADER: held}).status_code == 200
    clock_of(house).advance(1)
    assert client.get(PATH, headers={PASS_HEADER: held}).status_code == 404
    clock_of(house).advance(-2 * PASS_S - 1)
    assert client.get(PATH, headers={PASS_HEADER: held}).status_code == 200
    clock_of(house).advance(-1)
    assert client.get(PATH, headers={PASS_HEADER: held}).status_code == 404

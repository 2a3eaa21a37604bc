"""Many guesses at the same moment at four processes: never one more is compared than its address or phone may have."""

from __future__ import annotations

import http.client
import itertools
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from app import bootstrap
from app.security.codes import PICKUP_ALPHABET
from app.services.patient_access.attempts import PATIENT_FAILURES, REQUESTS_A_FAILURE
from app.services.staff.login import IN_A_ROW
from deploy.testbed import postgres
from deploy.testbed.servers import Server, environment, gunicorn, settings_of
from tests.factories.staff import account
from tests.functional.test_guessing_over_processes import FORM, at_once

pytestmark = pytest.mark.server
PROCESSES, AN_HOUR = 4, 30
TIMES = pytest.mark.parametrize("times", [60, 200])
_address = itertools.count(1)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "var").mkdir()
    if request.param == "sqlite":
        yield from started(folder)
        return
    if postgres.binaries() is None:
        pytest.skip("Debian's package postgresql is missing")
    with postgres.cluster() as cluster:
        yield from started(folder, CLOUDFILM_DATABASE_URL=postgres.new_database(cluster, f"c{uuid.uuid4().hex}"))


def started(folder: Path, **settings: str) -> Iterator[Server]:
    house = bootstrap.build(settings_of(folder, **settings))
    account(house, username="desk")
    house.db.dispose()
    with gunicorn(folder, "-w", str(PROCESSES), environ=environment(folder) | settings) as server:
        yield server


def an_address() -> str:
    """One that no test used before; all of 127/8 is this machine."""
    number = next(_address)
    return f"127.2.{number // 250 + 1}.{number % 250 + 1}"


def ask(server: Server, source: str, path: str, form: dict[str, str], cookie: str = "") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120, source_address=(source, 0))
    try:
        connection.request("POST", path, urlencode(form), FORM | {"Cookie": cookie})
        return connection.getresponse().status
    finally:
        connection.close()


def codes(letter: str, times: int, length: int) -> list[str]:
    """As many different codes of nobody."""
    pairs = itertools.product(PICKUP_ALPHABET, repeat=2)
    return [f"{letter}{one}{two}".ljust(length, "A") for one, two in itertools.islice(pairs, times)]


@TIMES
def test_one_address_gets_exactly_its_failures_at_whatever_codes(server: Server, times: int) -> None:
    source, typed = an_address(), codes(str(times)[0], times, 26)
    found = at_once(times, lambda number: ask(server, source, f"/q/{typed[number]}", {"factor": "9999"}))
    assert found == {403: AN_HOUR, 429: times - AN_HOUR}


@TIMES
def test_one_phone_gets_exactly_its_failures_from_whatever_addresses(server: Server, times: int) -> None:
    typed, sources = codes(str(times)[0], times, 6), [an_address() for _ in range(times)]
    form = {"phone": f"139000{times:05d}", "factor": "9999"}
    found = at_once(times, lambda n: ask(server, sources[n], "/s", form | {"pickup_code": typed[n]}))
    assert found == {403: PATIENT_FAILURES, 429: times - PATIENT_FAILURES}


@pytest.mark.parametrize("times", [200])
def test_one_address_asks_for_exactly_so_many_one_time_codes(server: Server, times: int) -> None:
    source, most = an_address(), AN_HOUR * REQUESTS_A_FAILURE
    found = at_once(times, lambda number: ask(server, source, f"/q/{'Q' * 26}", {"action": "send_code"}))
    assert found == {200: most, 429: times - most}


@TIMES
def test_one_number_is_sent_digits_once_however_many_ask_at_once_at_four_processes(server: Server, times: int) -> None:
    phone = f"138{times:08d}"
    found = at_once(times, lambda _: ask(server, an_address(), "/p", {"phone": phone, "action": "send_code"}))
    assert found == {200: 1, 429: times - 1}


@TIMES
def test_one_address_asks_for_thirty_numbers_at_the_phone_door(server: Server, times: int) -> None:
    source = an_address()
    found = at_once(
        times, lambda number: ask(server, source, "/p", {"phone": f"137{times:04}{number:04}", "action": "send_code"})
    )
    assert found == {200: AN_HOUR, 429: times - AN_HOUR}


@TIMES
def test_one_name_of_staff_gets_exactly_five(server: Server, times: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request("GET", "/staff/login")
    answer = connection.getresponse()
    cookie, page = str(answer.headers["Set-Cookie"]).partition(";")[0], answer.read().decode()
    connection.close()
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    name = "desk" if times == 60 else "nobody"
    form = {"csrf_token": found.group(1), "username": name, "password": "wrong", "totp": "000000"}
    answers = at_once(times, lambda _: ask(server, an_address(), "/staff/login", form, cookie))
    assert answers == Counter({403: IN_A_ROW, 429: times - IN_A_ROW})

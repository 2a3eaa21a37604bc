"""A stranger guesses over many connections at two processes, and they are killed in between: the counts hold."""

from __future__ import annotations

import http.client
import signal
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from app import bootstrap
from app.models import PhoneCode
from app.security.codes import Codes
from app.services.patient_access.one_time_codes import TRIES
from deploy.testbed.servers import Server, gunicorn, settings_of
from tests.factories.access import FACTOR, issued

pytestmark = pytest.mark.server
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def post(server: Server, code: str, factor: str, source: int, **headers: str) -> int:
    return submit(server, f"/q/{code}", {"factor": factor}, source, **headers)


def submit(server: Server, path: str, form: dict[str, str], source: int, **headers: str) -> int:
    """From an address of its own (all of 127/8 is this machine), so that only the code's count can stop it."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", server.port, timeout=60, source_address=(f"127.1.{source // 250 + 1}.{source % 250 + 1}", 0)
    )
    try:
        connection.request("POST", path, urlencode(form), FORM | headers)
        return connection.getresponse().status
    finally:
        connection.close()


def at_once(times: int, work: Callable[[int], int]) -> Counter[int]:
    start, found = threading.Barrier(times), Counter[int]()

    def one(number: int) -> None:
        start.wait()
        found.update([work(number)])

    threads = [threading.Thread(target=one, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_two_processes_and_a_kill_give_no_try_more(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    house = bootstrap.build(settings_of(tmp_path))
    exam = issued(house)
    house.db.dispose()
    with gunicorn(tmp_path, "-w", "2") as server:
        found = at_once(50, lambda number: post(server, exam.qr, f"{number + 9000:04d}", number))
        assert found == {403: 5, 429: 45}
        server.end(signal.SIGKILL)
    with gunicorn(tmp_path, "-w", "2") as server:
        assert at_once(8, lambda number: post(server, exam.qr, FACTOR, number + 60)) == {429: 8}


def test_a_forged_forwarded_address_buys_no_try_from_either_process(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    bootstrap.build(settings_of(tmp_path)).db.dispose()
    with gunicorn(tmp_path, "-w", "2") as server:
        forged = [
            {"X-Forwarded-For": f"198.51.100.{number}", "Forwarded": f"for=198.51.100.{number}"} for number in range(40)
        ]
        codes = [f"{'ABCDEFGH'[number % 8]}{'ABCDEFGH'[number // 8]}" * 13 for number in range(40)]
        answers = [post(server, codes[number], "9999", 0, **forged[number]) for number in range(40)]
        assert answers == [403] * 30 + [429] * 10


def test_two_processes_compare_the_digits_of_a_phone_five_times(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    house = bootstrap.build(settings_of(tmp_path))
    issued(house)
    asked, cookie = {"phone": "13900000001", "action": "send_code"}, {"Cookie": "cf-door=of-one-browser"}
    with gunicorn(tmp_path, "-w", "2") as server:
        assert submit(server, "/p", asked, 1, **cookie) == 200
        guess = {"phone": "13900000001", "one_time_code": "", "factor": FACTOR}
        with house.db.read() as session:
            code = session.scalars(select(PhoneCode)).one()
            digits = int(Codes(house.keys.derive("codes"), b"").one_time_code(code.id.bytes))
        wrong = [f"{(digits + number) % 10**6:06d}" for number in range(1, 41)]
        assert at_once(40, lambda n: submit(server, "/p", guess | {"one_time_code": wrong[n]}, n, **cookie)) == {
            403: 40
        }
        with house.db.read() as session:
            assert session.scalars(select(PhoneCode.failures)).all() == [TRIES]
        assert submit(server, "/p", guess | {"one_time_code": f"{digits:06d}"}, 50, **cookie) == 403
    house.db.dispose()

"""Redis only wakes workers: when it stops, open sessions go on, and nobody gets a guess more, at two processes."""

from __future__ import annotations

import http.client
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import bootstrap
from app.bootstrap import Services
from deploy.testbed.processes import Running, free_port, listening, started
from deploy.testbed.servers import Server, environment, gunicorn, settings_of
from tests.factories.access import FACTOR, Issued, issued
from tests.functional.test_guessing_over_processes import FORM, at_once, post, submit

PROGRAM = shutil.which("redis-server")
pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(PROGRAM is None, reason="Debian's redis-server is missing"),
]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[Running, str]]:
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with started([str(PROGRAM), *options], tmp_path / "redis.log", {}, listening(port)) as running:
        yield running, f"redis://127.0.0.1:{port}/0"


@pytest.fixture
def exams(tmp_path: Path) -> tuple[Services, Issued, Issued]:
    (tmp_path / "var").mkdir()
    house = bootstrap.build(settings_of(tmp_path))
    return house, issued(house), issued(house, "A2", patient_id="P2", patient_phone="13900000002")


def ask(server: Server, method: str, path: str, body: str = "", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_without_redis_sessions_go_on_doors_open_and_guesses_stay_counted(
    tmp_path: Path, redis: tuple[Running, str], exams: tuple[Services, Issued, Issued]
) -> None:
    running, url = redis
    house, first, second = exams
    house.db.dispose()
    more = {"CLOUDFILM_REDIS_URL": url, "CLOUDFILM_WEB_PROCESSES": "2"}
    with gunicorn(tmp_path, "-w", "2", environ=environment(tmp_path) | more) as server:
        opened = ask(server, "POST", f"/q/{first.qr}", f"factor={FACTOR}", **FORM)
        cookies = "; ".join(each.partition(";")[0] for each in opened.headers.get_all("Set-Cookie") or [])
        place = opened.headers["Location"]
        assert ask(server, "GET", place, Cookie=cookies).status == 200
        running.end()
        for _ in range(8):  # of both processes
            assert ask(server, "GET", place, Cookie=cookies).status == 200
        guesses = at_once(40, lambda number: post(server, second.qr, f"{number + 9000:04d}", number))
        assert guesses == {403: 5, 429: 35}
        asked = {"phone": "13900000001", "action": "send_code"}
        assert at_once(10, lambda number: submit(server, "/p", asked, number + 50)).keys() <= {200, 429}
        again = ask(server, "POST", f"/q/{first.qr}", f"factor={FACTOR}", **FORM)
        assert again.status == 303, "a door that needs a worker's wake waits for no Redis"

"""Whole studies on slow lines: they keep few threads of a real web server, and give them back when they break off."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from app.bootstrap import Services, build
from app.web.wsgi import arrival
from deploy.testbed.servers import gunicorn, settings_of
from tests.factories.access import Issued, issued
from tests.factories.slow_phone import SlowPhone
from tests.factories.telling import receive_study

pytestmark = pytest.mark.server

THREADS = 8
PLACES = THREADS // 4
ELSEWHERE = "127.0.0.2"


@dataclass(frozen=True)
class Site:
    one: SlowPhone
    other: SlowPhone


def shown(house: Services, accession: str) -> Issued:
    exam = issued(house, accession)
    uid = receive_study(house, slices=12, side=1024, AccessionNumber=accession)  # type: ignore[arg-type]
    house.pictures.completion.complete_now(uid)
    while house.worker.run_sweeps() or house.worker.run_job():
        pass
    return exam


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("slow")
    house = build(settings_of(folder))
    exams = [shown(house, "A1"), shown(house, "A2")]
    house.pictures.renderer.close()
    house.db.dispose()
    with gunicorn(folder) as server:
        yield Site(*(SlowPhone(server.port, exam) for exam in exams))


def test_hanging_downloads_leave_the_service_alive_and_others_are_told_when_to_come(site: Site) -> None:
    phone = site.one
    with ExitStack() as stack:
        begun = [phone.takes_slowly() for _ in range(THREADS + 2)]
        for _, connection in begun:
            stack.enter_context(connection)
        assert [status for status, _ in begun] == [200] + [503] * (THREADS + 1)
        started = time.monotonic()
        assert phone.ask("GET", "/healthz").status == 200
        assert time.monotonic() - started < 5
        refused = phone.ask("GET", phone.address, headers=phone.cookies)
        assert (refused.status, refused.headers["Retry-After"]) == (503, "60")
    until = time.monotonic() + 15
    while (whole := phone.ask("GET", phone.address, headers=phone.cookies)).status == 503 and time.monotonic() < until:
        time.sleep(0.2)
    assert whole.status == 200
    for _ in range(2 * PLACES):  # a place is given back after each
        assert phone.ask("GET", phone.address, headers=phone.cookies).status == 200


def test_slow_readers_of_one_exam_shut_no_download_of_another(site: Site) -> None:
    with ExitStack() as stack:
        begun = [site.one.takes_slowly(f"127.0.0.{number}") for number in range(2, 6)]
        for _, connection in begun:
            stack.enter_context(connection)
        assert [status for status, _ in begun] == [200, 503, 503, 503]
        assert site.other.ask("GET", site.other.address, headers=site.other.cookies).status == 200


def test_slow_readers_of_one_address_shut_no_download_of_another(site: Site) -> None:
    with ExitStack() as stack:
        begun = [phone.takes_slowly(ELSEWHERE) for phone in (site.one, site.other, site.one, site.other)]
        for _, connection in begun:
            stack.enter_context(connection)
        assert [status for status, _ in begun] == [200, 503, 503, 503]
        assert site.other.ask("GET", site.other.address, headers=site.other.cookies).status == 200


def test_a_reader_slower_than_the_least_speed_is_cut(site: Site) -> None:
    status, connection = site.one.takes_slowly()
    assert status == 200
    until = time.monotonic() + 6 * arrival.WINDOW_S
    with connection:
        while site.one.ask("GET", site.one.address, headers=site.one.cookies).status == 503:
            assert time.monotonic() < until
            time.sleep(1)
            connection.recv(16)  # never silent

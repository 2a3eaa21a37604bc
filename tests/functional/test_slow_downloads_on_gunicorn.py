"""Whole studies on slow lines: they keep few threads of a real web server, and give them back when they break off."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from app.bootstrap import Services, build
from app.web.wsgi import arrival
from deploy.testbed.servers import gunicorn, settings_of
from tests.factories.access import Issued, issued
from tests.factories.telling import receive_study

pytestmark = pytest.mark.server

THREADS = 8
PLACES = THREADS // 4
ELSEWHERE = "127.0.0.2"


class Phone:
    def __init__(self, port: int, exam: Issued) -> None:
        self.port = port
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.ask("POST", f"/q/{exam.qr}", f"factor={exam.factor}", form)
        assert answer.status == 303
        cookies = "; ".join(cookie.partition(";")[0] for cookie in answer.headers.get_all("Set-Cookie", []))
        self.cookies = {"Cookie": cookies}
        self.exam_id = exam.exam_id
        self.address = f"/exams/{exam.exam_id}/dicom.zip"

    def asked(self, path: str) -> str:
        """The body of a page or file; one byte is one character."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path, headers=self.cookies)
        answer = connection.getresponse()
        assert answer.status == 200
        text = answer.read().decode("latin-1")
        connection.close()
        return text

    def ask(
        self, method: str, path: str, data: str = "", headers: dict[str, str] | None = None
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, data, headers or {})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def takes_slowly(self, source: str = "127.0.0.1") -> tuple[int, socket.socket]:
        """Begins the download and takes no more than its start; the status and the connection."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.bind((source, 0))
        connection.connect(("127.0.0.1", self.port))
        head = f"GET {self.address} HTTP/1.1\r\nHost: x\r\nCookie: {self.cookies['Cookie']}\r\n\r\n"
        connection.sendall(head.encode())
        return int(connection.recv(64).split(b" ")[1]), connection


@dataclass(frozen=True)
class Site:
    one: Phone
    other: Phone


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
        yield Site(*(Phone(server.port, exam) for exam in exams))


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

"""Clients that announce a body and stay silent, strangers above all: they keep no thread of a real web server."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.bootstrap import build
from app.web.wsgi import arrival
from deploy.testbed.ct import ct_file
from deploy.testbed.multipart import STOW_TYPE, body
from deploy.testbed.servers import gunicorn, settings_of
from tests.factories.door_app import bearer

pytestmark = pytest.mark.server

THREADS = 8
PLACES_OF_ONE = 2
ELSEWHERE = "127.0.0.2"
AT_ONCE_S = 3
"""Far below every time limit of the server, above what a busy machine needs."""


@dataclass
class Site:
    port: int
    upload: dict[str, str]
    other_upload: dict[str, str]
    read: dict[str, str]
    open: ExitStack = field(default_factory=ExitStack)

    def announces(self, length: int, start: bytes = b"", *, source: str = "127.0.0.1", **headers: str) -> socket.socket:
        """A client that sends the headers of an upload, and of its body only the start."""
        address = ("127.0.0.1", self.port)
        connection = self.open.enter_context(socket.create_connection(address, 30, (source, 0)))
        lines = [f"{name}: {value}" for name, value in {"Content-Type": STOW_TYPE, **headers}.items()]
        head = ["POST /dicomweb/studies HTTP/1.1", "Host: x", *lines, f"Content-Length: {length}"]
        connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + start)
        return connection

    def seconds_to_healthz(self) -> float:
        started = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        connection.close()
        return time.monotonic() - started

    def uploads(self, data: bytes, **headers: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("POST", "/dicomweb/studies", data, {"Content-Type": STOW_TYPE, **headers})
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture(scope="module")
def port_and_tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("silent")
    services = build(settings_of(folder))
    upload, read = bearer(services, "upload"), bearer(services, "read")
    other_upload = bearer(services, "upload", "ris")
    services.db.dispose()
    with gunicorn(folder) as server:
        ready = Site(server.port, upload, other_upload, read)
        ready.seconds_to_healthz()  # it listens before it has loaded the application
        yield ready


@pytest.fixture
def site(port_and_tokens: Site) -> Iterator[Site]:
    with port_and_tokens.open:
        yield port_and_tokens


def status_of(connection: socket.socket) -> int:
    return int(connection.recv(4096).split(b" ")[1])


def test_a_connection_goes_on_after_a_short_body_that_nobody_read(site: Site) -> None:
    """A sender that keeps its connection would else lose its next request, when that comes before the close."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
    for size in (1, 1000, 60_000) * 5:
        for headers, status in (({}, 401), (site.upload, 405)):
            address = "/dicomweb/studies" if status == 401 else "/dicomweb/studies/1.2/series/1.3"
            connection.request("POST", address, bytes(size), {"Content-Type": STOW_TYPE, **headers})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
    connection.close()


def test_silent_strangers_are_answered_at_once_and_stop_nobody(site: Site) -> None:
    strangers = [site.announces(1_000_000) for _ in range(3 * THREADS)]
    assert site.seconds_to_healthz() < AT_ONCE_S
    assert {status_of(stranger) for stranger in strangers} == {401}
    assert site.seconds_to_healthz() < AT_ONCE_S


def test_their_connections_are_closed(site: Site) -> None:
    stranger = site.announces(1_000_000, b"x")
    answer = b""
    started = time.monotonic()
    while piece := stranger.recv(4096):
        answer += piece
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert time.monotonic() - started < arrival.LINGER_S


def test_who_sends_a_body_that_nobody_reads_sees_the_answer_and_no_reset(site: Site) -> None:
    data = bytes(20 << 20)
    assert site.uploads(data) == 401
    assert site.uploads(data, **site.read) == 403
    assert site.uploads(data, **site.upload | {"Content-Type": "text/plain"}) == 415
    assert site.uploads(b"--edge-of-parts\r\nbroken" + data, **site.upload) == 400


def drips(connections: list[socket.socket], until: threading.Event, every_s: float) -> None:
    """A byte of each body now and then: none of them is ever silent."""
    while not until.wait(every_s):
        for connection in connections:
            with suppress(OSError):
                connection.send(b"x")


@contextmanager
def dripping(connections: list[socket.socket], every_s: float = 1) -> Iterator[None]:
    over = threading.Event()
    thread = threading.Thread(target=drips, args=(connections, over, every_s))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_who_drips_the_short_rest_of_a_refused_body_is_closed(site: Site) -> None:
    strangers = [site.announces(60_000, b"x") for _ in range(THREADS)]
    with dripping(strangers, arrival.SILENCE_S / 3):
        for stranger in strangers:
            while stranger.recv(4096):  # an open connection would end in a time-out
                pass


def test_strangers_that_drip_shut_no_upload(site: Site) -> None:
    strangers = [site.announces(1_000_000, b"x") for _ in range(3 * THREADS)]
    with dripping(strangers):
        for _ in range(5):
            assert site.uploads(body([ct_file()]), **site.upload) == 200
    assert {status_of(stranger) for stranger in strangers} == {401}


def test_one_sender_that_drips_has_not_every_place_and_loses_his(site: Site) -> None:
    senders = [
        site.announces(1_000_000, b"--edge-of-parts\r\n", source=ELSEWHERE, **site.upload) for _ in range(THREADS)
    ]
    started = time.monotonic()
    with dripping(senders):
        assert site.uploads(body([ct_file()]), **site.other_upload) == 200
        assert site.seconds_to_healthz() < AT_ONCE_S
        statuses = sorted(status_of(sender) for sender in senders)
        assert statuses == [400] * PLACES_OF_ONE + [503] * (THREADS - PLACES_OF_ONE)
        assert time.monotonic() - started < 2 * arrival.WINDOW_S
    assert site.uploads(body([ct_file()]), **site.upload) == 200


def test_a_sender_that_stops_in_the_middle_gives_its_thread_back(site: Site) -> None:
    whole = body([ct_file()])
    senders = [site.announces(len(whole) + 100, whole[:-40], **site.upload) for _ in range(THREADS)]
    assert site.seconds_to_healthz() < arrival.WINDOW_S + 10
    assert {status_of(sender) for sender in senders} == {400, 503}


def test_a_form_that_never_comes_gives_its_thread_back(tmp_path: Path, site: Site) -> None:
    forms = [site.open.enter_context(socket.create_connection(("127.0.0.1", site.port), 60)) for _ in range(THREADS)]
    for form in forms:
        form.sendall(
            b"POST /s HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 100\r\n\r\nfactor="
        )
    assert site.seconds_to_healthz() < arrival.WINDOW_S + 10
    assert {status_of(form) for form in forms} <= {400, 403}

"""nginx with the shipped file keeps floods of forms from the application, and nothing that only looks."""

from __future__ import annotations

import http.client
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import create_app
from deploy.testbed.processes import free_port
from tests.factories.front import NGINX, Front, nginx
from tests.factories.house import services
from tests.factories.stranger_posts import posts_of_strangers
from tests.functional.test_server_logs import blind

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(NGINX is None, reason="nginx is not here: deploy/test-tools.sh unpacks Debian's"),
]
BURST, FLOOD = 100, 200


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    with nginx(tmp_path, free_port()) as running:  # nobody is behind it: 502 says that a request went through
        yield running


def answers(front: Front, method: str, path: str, times: int) -> Counter[int]:
    connection = http.client.HTTPSConnection("127.0.0.1", front.https, timeout=30, context=blind())
    found: Counter[int] = Counter()
    for _ in range(times):
        connection.request(method, path, "factor=0000" if method == "POST" else None)
        answer = connection.getresponse()
        answer.read()
        found[answer.status] += 1
    connection.close()
    return found


def test_a_flood_of_forms_at_the_ways_in_is_429_beyond_a_generous_burst(front: Front) -> None:
    found = answers(front, "POST", "/q/X", FLOOD // 2) + answers(front, "POST", "/s", FLOOD // 2)
    assert set(found) == {429, 502}
    assert BURST < found[502] < FLOOD
    assert answers(front, "POST", "/s/X", 20)[429] > 0


def test_no_form_of_a_stranger_is_beside_the_limit(front: Front, tmp_path: Path) -> None:
    """One count for all: who floods one door finds the others closed for some seconds."""
    house = services(tmp_path / "house")
    answers(front, "POST", "/q/X", FLOOD)
    for path in (*posts_of_strangers(create_app(house.settings, house)), "/unbind", "/h", "/family"):
        assert answers(front, "POST", path, 20)[429] > 0, path


@pytest.mark.parametrize("host", ["evil.example", "film.example.org.evil.example", "10.0.0.1", ""])
@pytest.mark.parametrize("path", ["/", "/q/X", "/healthz"])
def test_under_a_name_that_is_not_ours_the_connection_is_closed_without_a_word(
    front: Front, host: str, path: str
) -> None:
    sent = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    for port in (front.http, front.https):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
            connection = blind().wrap_socket(plain) if port == front.https else plain
            connection.sendall(sent)
            heard = connection.recv(4096)
            assert heard == b"" or (not host and heard.startswith(b"HTTP/1.1 400 "))
            connection.close()


def test_plain_http_leads_to_our_own_name(front: Front) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", front.http, timeout=30)
    connection.request("GET", "/q/X")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, "https://film.example.org/q/X")
    connection.close()


def test_who_only_looks_is_never_stopped(front: Front) -> None:
    answers(front, "POST", "/q/X", FLOOD)
    for path in ("/q/X", "/s/X", "/s", "/exams"):
        assert answers(front, "GET", path, FLOOD // 4) == {502: FLOOD // 4}
    assert answers(front, "POST", "/exams/x/leave", 20) == {502: 20}


STAFF, MACHINES = ("/staff", "/staff/login", "/staff/exams/x"), ("/api/v1/openapi.json", "/dicomweb/studies")
CLOSED = {"geo $cloudfilm_closed_to_machines {\n    default 0;": "geo $cloudfilm_closed_to_machines {\n    default 1;"}


def test_the_console_is_closed_to_addresses_outside_of_its_networks(tmp_path: Path) -> None:
    with nginx(tmp_path, free_port(), {"    127.0.0.0/8 0;\n": ""}) as front:
        for path in STAFF:
            assert answers(front, "GET", path, 1) == {404: 1}, path
        assert answers(front, "POST", "/staff/login", 1) == {404: 1}
        assert answers(front, "GET", "/q/X", 1) == {502: 1}


def test_the_doors_of_machines_can_be_closed_to_addresses_outside_of_the_house(tmp_path: Path) -> None:
    with nginx(tmp_path, free_port(), CLOSED) as front:
        for path in (*MACHINES, "/dicomweb/studies/1.2/series"):
            assert answers(front, "GET", path, 1) == {403: 1}, path
        assert answers(front, "POST", "/dicomweb/studies", 1) == {403: 1}
        assert answers(front, "GET", "/exams", 1) == {502: 1}


def test_as_shipped_both_are_open_to_the_house(front: Front) -> None:
    for path in (*STAFF, *MACHINES):
        assert answers(front, "GET", path, 1) == {502: 1}, path

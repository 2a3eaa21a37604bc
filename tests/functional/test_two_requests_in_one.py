"""A request that nginx and gunicorn might measure differently hides no second one: nobody gets another's answer.

Real nginx before real gunicorn, and gunicorn alone. The hidden request asks for /exams: a line of that route in the
application's log would say that it was served."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.testbed.servers import gunicorn
from tests.factories.front import HERE, NGINX, Front, nginx
from tests.factories.production import production
from tests.functional.test_server_logs import blind

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(NGINX is None, reason="nginx is not here: deploy/test-tools.sh unpacks Debian's"),
]

HIDDEN = b"GET /exams HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
CODE = "A" * 26
ZERO = b"0\r\n\r\n" + HIDDEN
CHUNK = b"%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)
AMBIGUOUS = {
    "length and chunks": (b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % len(ZERO), ZERO),
    "chunks and a shorter length": (b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", CHUNK),
    "two lengths": (b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(HIDDEN), HIDDEN),
    "a list of lengths": (b"Content-Length: 0, %d\r\n" % len(HIDDEN), HIDDEN),
    "a length with a sign": (b"Content-Length: +0\r\n", HIDDEN),
    "another coding": (b"Transfer-Encoding: xchunked\r\nContent-Length: %d\r\n" % len(ZERO), ZERO),
    "two codings": (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", ZERO),
    "a coding before a tab": (b"Transfer-Encoding:\tchunked\r\nContent-Length: %d\r\n" % len(ZERO), ZERO),
    "a name with a space": (b"Transfer-Encoding : chunked\r\nContent-Length: %d\r\n" % len(ZERO), ZERO),
    "a folded line": (b"X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: %d\r\n" % len(ZERO), ZERO),
    "a bare line feed": (b"X: y\nTransfer-Encoding: chunked\r\nContent-Length: %d\r\n" % len(ZERO), ZERO),
    "an underscore": (b"Transfer_Encoding: chunked\r\nContent-Length: %d\r\n" % len(ZERO), ZERO),
    "a chunk with a wrong length": (b"Transfer-Encoding: chunked\r\n", b"-1\r\n" + ZERO),
    "a body of a GET": (b"Content-Length: %d\r\n" % len(HIDDEN), HIDDEN),
}


@dataclass(frozen=True)
class House:
    front: Front
    back: int
    logs: Path

    def send(self, method: bytes, fields: bytes, body: bytes, *, past_nginx: bool) -> None:
        """As it is; whatever is answered is read."""
        sent = b"%s /q/%s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n" % (method, CODE.encode(), fields) + body
        port = self.back if past_nginx else self.front.https
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
            connection = plain if past_nginx else blind().wrap_socket(plain)
            try:
                connection.sendall(sent)
                connection.settimeout(1)
                while connection.recv(65536):
                    pass
            except OSError:
                pass
            connection.close()

    def look(self) -> tuple[int, bytes]:
        """An honest visitor on the connections to gunicorn that nginx keeps."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.front.https, timeout=30, context=blind())
        connection.request("GET", "/s")
        answer = connection.getresponse()
        read = answer.status, answer.read()
        connection.close()
        return read

    def routes(self) -> list[str]:
        lines = [line for path in self.logs.iterdir() for line in path.read_text().splitlines() if '"route"' in line]
        return [str(json.loads(line)["route"]) for line in lines if line.startswith("{")]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with gunicorn(folder, environ={**production(folder), **HERE}) as back, nginx(folder, back.port) as front:
        yield House(front, back.port, folder / "logs")


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_no_request_hides_another_and_the_next_visitor_gets_the_own_answer(house: House, kind: str) -> None:
    fields, body = AMBIGUOUS[kind]
    status, page = house.look()
    assert status == 200
    for past_nginx in (False, True):
        house.send(b"GET" if kind == "a body of a GET" else b"POST", fields, body, past_nginx=past_nginx)
        for _ in range(5):
            assert house.look() == (200, page)
    assert any(route.endswith("/s") for route in house.routes())
    assert not [route for route in house.routes() if "/exams" in route]


def test_a_second_request_that_is_served_would_be_found(house: House) -> None:
    second = HIDDEN.replace(b"/exams", b"/staff/login")
    house.send(b"GET", b"", second, past_nginx=True)  # two plain requests, one after the other
    house.look()
    assert any("/staff/login" in route for route in house.routes())

"""The benchmarks' client: whole bodies in the order asked for, over as many connections as it was told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.load import fetch_all


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    clients: set[int] = set()  # noqa: RUF012 - emptied by the fixture

    def do_GET(self) -> None:
        self.clients.add(self.client_address[1])
        content = self.path.encode() * 5000 + self.headers.get("X-Said", "").encode()
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    Echo.clients.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("connections", [1, 3, 8])
def test_bodies_come_whole_and_in_order(port: int, connections: int) -> None:
    paths = [f"/{number}" for number in range(7)]
    bodies = fetch_all(port, paths, "X-Said: hello\r\n", connections)
    assert bodies == [path.encode() * 5000 + b"hello" for path in paths]
    assert len(Echo.clients) == min(connections, len(paths))


def test_any_answer_but_200_is_an_error(port: int) -> None:
    with pytest.raises(RuntimeError, match="404"):
        fetch_all(port, ["/there", "/missing"])

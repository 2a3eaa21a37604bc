"""STOW-RS on a real web server: chunked bodies, bodies that break off, clients that go away; the server stays alive."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.bootstrap import build
from deploy.testbed.ct import ct_file, ct_series
from deploy.testbed.multipart import STOW_TYPE, body
from deploy.testbed.servers import gunicorn, settings_of
from tests.factories.door_app import bearer

pytestmark = pytest.mark.server


class Client:
    def __init__(self, port: int, token: dict[str, str]) -> None:
        self.port = port
        self.headers = {"Content-Type": STOW_TYPE, **token}

    def post(self, data: object, **more: str) -> tuple[int, dict[str, object]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", "/dicomweb/studies", data, {**self.headers, **more})  # type: ignore[arg-type]
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def raw(self, head: str, data: bytes) -> int:
        """Send bytes as they are and close; the status answered, 0 when none was."""
        lines = ["POST /dicomweb/studies HTTP/1.1", "Host: x", *(f"{k}: {v}" for k, v in self.headers.items()), head]
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
            connection.shutdown(socket.SHUT_WR)
            try:
                answer = connection.recv(4096)
            except ConnectionResetError:
                return 0
        return int(answer.split(b" ")[1]) if answer else 0

    def alive(self) -> None:
        status, _ = self.post(body([ct_file()]))
        assert status == 200


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("stow")
    services = build(settings_of(folder))
    token = bearer(services, "upload")
    services.db.dispose()
    with gunicorn(folder) as server:
        yield Client(server.port, token)


def test_a_chunked_body_without_content_length_is_taken(client: Client) -> None:
    data = body(ct_series(40))
    pieces = (data[at : at + 1000] for at in range(0, len(data), 1000))
    status, answer = client.post(pieces)
    assert status == 200
    assert len(answer["00081199"]["Value"]) == 40  # type: ignore[index]


def test_a_body_shorter_than_its_content_length_is_400(client: Client) -> None:
    data = body([ct_file()])
    assert client.raw(f"Content-Length: {len(data) + 100}", data[:-40]) in (0, 400)
    client.alive()


def test_broken_chunks_are_400(client: Client) -> None:
    data = body([ct_file()])
    first = f"{len(data):x}\r\n".encode() + data[:-60]
    assert client.raw("Transfer-Encoding: chunked", first) in (0, 400)
    assert client.raw("Transfer-Encoding: chunked", b"zz\r\nnonsense") in (0, 400)
    client.alive()


def test_a_client_that_goes_away_harms_nobody(client: Client) -> None:
    data = body(ct_series(10))
    for cut in (0, 100, 5_000):
        with socket.create_connection(("127.0.0.1", client.port), timeout=10) as connection:
            head = "".join(f"{k}: {v}\r\n" for k, v in client.headers.items())
            connection.sendall(
                f"POST /dicomweb/studies HTTP/1.1\r\nHost: x\r\n{head}Content-Length: {len(data)}\r\n\r\n".encode()
            )
            connection.sendall(data[:cut])
    client.alive()


def test_after_a_refused_body_the_same_connection_serves_on(client: Client) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=30)
    for data, expected in ((b"junk", 400), (body([ct_file()]), 200)):
        connection.request("POST", "/dicomweb/studies", data, client.headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == expected
    connection.close()


def test_memory_stays_bounded_while_a_large_study_streams_in(client: Client) -> None:
    """300 MB in 150 parts; the workers' peak memory must not hold them."""
    one = ct_file(Rows=1024, Columns=1024, PixelData=b"\x01\x02" * (1024 * 1024))
    parts = [b"--edge-of-parts\r\nContent-Type: application/dicom\r\n\r\n", one, b"\r\n"]

    def stream() -> Iterator[bytes]:
        for _ in range(150):
            yield from parts
        yield b"--edge-of-parts--\r\n"

    before = peak_memory(client.port)
    status, _ = client.post(stream())
    assert status == 200
    assert peak_memory(client.port) - before < 150 * 1024


def peak_memory(port: int) -> int:
    """Peak resident KiB of the processes that listen on `port`."""
    inodes = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{port:04X}") and fields[3] == "0A":
            inodes.add(f"socket:[{fields[9]}]")
    peaks = []
    for process in Path("/proc").iterdir():
        try:
            if any(str(entry.readlink()) in inodes for entry in (process / "fd").iterdir()):
                [line] = [x for x in (process / "status").read_text().splitlines() if x.startswith("VmHWM")]
                peaks.append(int(line.split()[1]))
        except (OSError, ValueError):
            continue
    assert peaks
    return max(peaks)

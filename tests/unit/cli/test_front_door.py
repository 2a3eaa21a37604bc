"""What `flask check-config` makes of what it meets at the front door: a fault, a note, or how it is seen."""

from __future__ import annotations

import dataclasses
import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.cli import front_door
from app.cli.front_door import FORGED, Answer, Finding, judge, look
from app.config import Settings
from tests.factories.house import services
from tests.factories.production import production

URL = "https://film.example.org"
OUTSIDE, PROXY = "203.0.113.5", "127.0.0.1"


def judged(tmp_path: Path, body: Any, asked_from: str = OUTSIDE, status: int = 200) -> Finding:
    settings = Settings.from_env(production(tmp_path))
    return judge(settings, Answer(status, body if isinstance(body, bytes) else json.dumps(body).encode(), asked_from))


def seen(address: str, why: str = "") -> dict[str, str]:
    return {"address": address, "unknown_because": why}


def test_being_seen_as_oneself_is_told(tmp_path: Path) -> None:
    told = f"the front door at {URL} sees this machine as"
    assert judged(tmp_path, seen(OUTSIDE)) == Finding(f"{told} {OUTSIDE}")
    assert judged(tmp_path, seen(OUTSIDE), "10.0.0.9") == Finding(f"{told} {OUTSIDE} (it connected from 10.0.0.9)")


def test_a_question_from_the_proxys_own_machine_shows_less_and_says_so(tmp_path: Path) -> None:
    finding = judged(tmp_path, seen(PROXY), PROXY)
    assert not finding.is_fault
    assert "whether it tells others apart was not checked" in finding.text


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (seen("", "X-Forwarded-For is missing"), 200, "unknown who asks: X-Forwarded-For is missing"),
        (seen(FORGED), 200, "anybody may choose an address"),
        (seen(PROXY), 200, "people have a proxy's own address (127.0.0.1)"),
        (seen("not an address"), 200, "is not this installation"),
        (b"<html>welcome</html>", 200, "is not this installation"),
        ([], 200, "is not this installation"),
        ({"address": [1], "unknown_because": ""}, 200, "is not this installation"),
        (b"\xff\xfe", 200, "is not this installation"),
        (b"not found", 404, "is not this installation"),
    ],
)
def test_what_is_set_wrong_is_a_fault_with_its_settings_name(tmp_path: Path, body: Any, status: int, told: str) -> None:
    finding = judged(tmp_path, body, status=status)
    assert finding.is_fault
    assert told in finding.text
    assert finding.text.startswith("CLOUDFILM_BASE_URL: " if "installation" in told else "CLOUDFILM_TRUSTED_PROXIES: ")


@pytest.mark.parametrize("status", [301, 302, 403, 429, 500, 502, 503, 504])
def test_a_door_that_lets_nobody_in_is_a_note(tmp_path: Path, status: int) -> None:
    finding = judged(tmp_path, b"", status=status)
    assert finding == Finding(
        f"NOTE: the front door at {URL} answers with status {status}: what address it sees was not checked"
    )


class Door(http.server.BaseHTTPRequestHandler):
    asked: list[str]
    slowly = False

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.slowly:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for _ in range(50):
                time.sleep(0.02)
                self.wfile.write(b"X")
            return
        self.send_response(302)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def door(slowly: bool = False) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("OneDoor", (Door,), {"asked": asked, "slowly": slowly})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/film", asked
        server.shutdown()
        thread.join(5)


def look_at(tmp_path: Path, url: str) -> Finding:
    house = services(tmp_path)
    return look(dataclasses.replace(house, settings=dataclasses.replace(house.settings, base_url=url)))


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with door() as (url, asked):
        finding = look_at(tmp_path, url)
    assert asked == ["/film/seen-address"]
    assert "answers with status 302" in finding.text


def test_a_door_that_answers_drop_by_drop_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_door, "ALTOGETHER_S", 0.2)
    with door(slowly=True) as (url, _):
        begun = time.monotonic()
        finding = look_at(tmp_path, url)
        assert time.monotonic() - begun < 5  # most of it is the house
    assert not finding.is_fault
    assert "does not answer (TimeoutError)" in finding.text


def test_what_cannot_even_be_asked_is_a_note(tmp_path: Path) -> None:
    for number, url in enumerate(("http://[::1", "http://127.0.0.1:99999", "http://" + "a" * 300)):
        finding = look_at(tmp_path / str(number), url)
        assert not finding.is_fault
        assert "does not answer" in finding.text

"""Forms far larger than any person fills in: refused by every page, on a real web server that lives on."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from app.bootstrap import build
from deploy.testbed.servers import gunicorn, settings_of
from tests.factories.access import Issued, issued

pytestmark = pytest.mark.server

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
KB_100 = 100 * 1024


@dataclass(frozen=True)
class Site:
    port: int
    exam: Issued

    def post(self, path: str, body: object, kind: str = FORM, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", path, body, {"Content-Type": kind, **headers})  # type: ignore[arg-type]
            answer = connection.getresponse()
            answer.read()
            return answer
        finally:
            connection.close()

    def opened(self) -> str:
        """The right form lets in: the server lives. Its cookies."""
        answer = self.post(f"/q/{self.exam.qr}", f"factor={self.exam.factor}")
        assert answer.status == 303
        return "; ".join(cookie.partition(";")[0] for cookie in answer.headers.get_all("Set-Cookie", []))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("forms")
    services = build(settings_of(folder))
    exam = issued(services)
    services.db.dispose()
    with gunicorn(folder) as server:
        yield Site(server.port, exam)


def large(start: str, kind: str) -> str:
    if kind == FORM:
        return start + "&padding=" + "x" * KB_100
    name, _, value = start.partition("=")
    parts = ((name, value), ("padding", "x" * KB_100))
    return (
        "".join(f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in parts)
        + "--x--\r\n"
    )


@pytest.mark.parametrize("kind", [FORM, MULTIPART])
def test_every_form_of_the_way_in_is_limited(site: Site, kind: str) -> None:
    for path in (f"/q/{site.exam.qr}", "/q/" + "C" * 26, f"/s/{site.exam.pickup}", "/s"):
        text = large(f"factor={site.exam.factor}", kind)
        assert site.post(path, text, kind).status == 413, path
        assert site.post(path, iter([text.encode()]), kind).status == 411, path  # chunked: says no length
    site.opened()


@pytest.mark.parametrize("kind", [FORM, MULTIPART])
def test_the_form_that_ends_a_session_is_limited(site: Site, kind: str) -> None:
    cookies = site.opened()
    path = f"/exams/{site.exam.exam_id}/leave"
    assert site.post(path, large("csrf_token=x", kind), kind, Cookie=cookies).status == 413
    assert site.post(path, "csrf_token=x", Cookie=cookies).status == 400


def test_many_megabytes_cost_the_server_nothing(site: Site) -> None:
    def endless() -> Iterator[bytes]:
        yield b"factor="
        for _ in range(20 * 16):
            yield b"x" * 65536

    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it stopped listening, which is as good
        assert site.post("/s", endless()).status == 411
    site.opened()


def test_what_a_person_fills_in_is_far_below_the_limit(site: Site) -> None:
    form = f"phone={site.exam.phone}&pickup_code={site.exam.pickup}&factor={site.exam.factor}&padding=" + "x" * 3900
    assert site.post("/s", form).status == 303

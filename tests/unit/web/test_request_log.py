"""One line a request: its route, status, time and bytes; nothing else of it. Health checks at debug."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response

from app.logs.lines import FIELDS
from app.web.wsgi.request_log import RequestLog
from tests.factories.access import application
from tests.factories.house import services
from tests.factories.log_output import LogOutput, written

CODE = "ABCDEFGHIJKLMNOPQRSTUVWXY2"
CLIENT = "203.0.113.77"


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return application(services(tmp_path))


def requests_in(output: LogOutput) -> list[dict[str, Any]]:
    return [line for line in output.lines() if line["event"] == "request"]


def ask(app: Flask, path: str, level: str = "debug", method: str = "GET", **more: Any) -> tuple[dict[str, Any], str]:
    """The one line that a request left, and everything that was written."""
    base = {"REMOTE_ADDR": CLIENT}
    with written(level) as output, app.test_client().open(path, method=method, environ_base=base, **more) as answer:
        answer.get_data()
    [line] = requests_in(output)
    return line, output.getvalue()


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", f"/q/{CODE}", "/q/<code>", 200),
        ("HEAD", f"/q/{CODE}", "/q/<code>", 200),
        ("POST", "/s/K7M2QX", "/s/<code>", 403),
        ("GET", f"/exams/{CODE}", "/exams/<exam_id>", 404),
        ("GET", f"/no-such-page/{CODE}", "(none)", 404),
        ("DELETE", f"/q/{CODE}", "(none)", 405),
        ("GET", f"/q/{CODE}/%2e%2e/{CODE}", "(none)", 404),
        ("GET", "/dicomweb/studies", "/dicomweb/studies", 401),
    ],
)
def test_a_request_leaves_one_line_with_its_route(app: Flask, method: str, path: str, route: str, status: int) -> None:
    line, text = ask(app, f"{path}?phone=13912345678&id=12010119600102002X", method=method)
    assert (line["method"], line["route"], line["status"], line["level"]) == (method, route, status, "info")
    assert line["ms"] > 0
    for word in (CODE, "K7M2QX", "13912345678", "12010119600102002X", CLIENT):
        assert word not in text


def test_a_line_counts_the_bytes_that_were_sent(app: Flask) -> None:
    body = app.test_client().get("/").get_data()
    assert ask(app, "/")[0]["bytes"] == len(body)
    assert ask(app, "/", method="HEAD")[0]["bytes"] == 0


def test_an_answer_built_while_it_is_sent_is_counted_to_its_end(app: Flask) -> None:
    closed = []

    def pieces() -> Iterator[bytes]:
        try:
            yield b"12345"
            yield b"67890"
        finally:
            closed.append(True)

    app.view_functions["patient_entry.landing"] = lambda: Response(pieces())
    assert ask(app, "/")[0]["bytes"] == 10
    assert closed == [True]


def test_a_method_nobody_knows_is_not_quoted(app: Flask) -> None:
    line, text = ask(app, "/", method="K7M2QX")
    assert line["method"] == "other"
    assert "K7M2QX" not in text


def test_a_view_that_fails_leaves_its_route_and_500(app: Flask) -> None:
    app.view_functions["patient_entry.qr_page"] = lambda code: {}[code]
    line, text = ask(app, f"/q/{CODE}")
    assert (line["route"], line["status"]) == ("/q/<code>", 500)
    assert "KeyError at" in text
    assert CODE not in text


def test_what_escapes_flask_is_a_500_of_no_route(app: Flask) -> None:
    app.wsgi_app = RequestLog(lambda environ, start: {}[environ["PATH_INFO"]])  # type: ignore[method-assign]
    with written() as output, pytest.raises(KeyError):
        app.test_client().get(f"/q/{CODE}")
    [line] = requests_in(output)
    assert (line["route"], line["status"]) == ("(none)", 500)
    assert CODE not in output.getvalue()


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_health_checks_are_logged_at_debug(app: Flask, path: str) -> None:
    assert ask(app, path)[0]["level"] == "debug"
    with written("info") as output:
        app.test_client().get(path).close()
    assert requests_in(output) == []


def test_at_level_warning_requests_are_not_logged(app: Flask) -> None:
    with written("warning") as output:
        app.test_client().get("/").close()
    assert output.getvalue() == ""


def test_the_header_for_a_proxy_holds_method_and_route(tmp_path: Path) -> None:
    client = application(services(tmp_path, trusted_proxies="1")).test_client()
    assert client.get(f"/q/{CODE}").headers["X-CloudFilm-Route"] == "GET /q/<code>"
    assert client.get(f"/{CODE}").headers["X-CloudFilm-Route"] == "GET (none)"
    assert client.open("/", method=CODE).headers["X-CloudFilm-Route"] == "other (none)"


def test_without_a_proxy_that_takes_it_away_no_such_header_is_sent(app: Flask) -> None:
    assert "X-CloudFilm-Route" not in app.test_client().get("/").headers


def test_every_route_of_the_application_may_be_logged_as_it_is(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        assert FIELDS["route"](rule.rule), rule.rule

"""Production answers under its own name only, and no redirect leads to a name that a client wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from app import create_app
from app.config import Settings
from tests.factories.access import application, issued
from tests.factories.house import services
from tests.factories.production import production

OWN = ("film.example.org", "film.example.org:443", "film.example.org:8443", "FILM.example.org", "film.example.org.")
FOREIGN = (
    None,
    "",
    "evil.example",
    "film.example.org.evil.example",
    "evil.example:443",
    "film.example.org@evil.example",
    "evil.example/film.example.org",
    "film.example.org/",
    "film.example.org evil.example",
    "film.example.org,evil.example",
    "film.example.org:443:1",
    "127.0.0.1",
    "[::1]:8000",
)


@pytest.fixture
def hospital(tmp_path: Path) -> Flask:
    return create_app(Settings.from_env(production(tmp_path)))


def ask(app: Flask, host: str | None, path: str = "/", peer: str = "127.0.0.1") -> tuple[bytes, str, Any]:
    environ = EnvironBuilder(path=path, environ_base={"REMOTE_ADDR": peer}).get_environ()
    environ.pop("HTTP_HOST", None)
    if host is not None:
        environ["HTTP_HOST"] = host
    chunks, status, headers = run_wsgi_app(app.wsgi_app, environ)
    return b"".join(chunks), status, headers


@pytest.mark.parametrize("host", OWN)
def test_the_hospitals_own_name_is_served(hospital: Flask, host: str) -> None:
    assert ask(hospital, host)[1] == "200 OK"


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", ["/", "/q/" + "A" * 26, "/staff/login", "/dicomweb/studies", "/no/such/page"])
def test_under_any_other_name_nothing_is_said(hospital: Flask, host: str | None, path: str) -> None:
    body, status, headers = ask(hospital, host, path)
    assert (body, status[:3], headers["Content-Length"]) == (b"", "421", "0")
    assert "Location" not in headers


@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
def test_a_health_check_of_the_machine_itself_needs_no_name(hospital: Flask, path: str) -> None:
    assert ask(hospital, "127.0.0.1:8000", path)[1] == "200 OK"
    assert ask(hospital, "127.0.0.1:8000", path, peer="10.9.9.9")[1].startswith("421")
    assert ask(hospital, "127.0.0.1:8000", path + "/")[1].startswith("421")


def test_the_demo_is_visited_under_every_name_of_its_machine(tmp_path: Path) -> None:
    assert ask(application(services(tmp_path)), "laptop.local:8000")[1] == "200 OK"


def asked(app: Flask, path: str, method: str = "GET") -> TestResponse:
    return app.test_client().open(
        "/", method=method, environ_overrides={"PATH_INFO": path}, base_url="http://evil.example"
    )


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_slashes_are_not_merged_and_no_redirect_repeats_a_code(tmp_path: Path, method: str) -> None:
    house = services(tmp_path)
    app, exam = application(house), issued(house)
    for path in (
        f"/q//{exam.qr}",
        f"//q/{exam.qr}",
        f"/q/{exam.qr}/",
        f"/s//{exam.pickup}",
        "/s/",
        "//evil.example/q/x",
    ):
        answer = asked(app, path, method)
        assert answer.status_code == 404
        assert "Location" not in answer.headers


def test_no_rule_redirects_by_itself(tmp_path: Path) -> None:
    """Werkzeug's own redirects hold scheme and host as the client wrote them."""
    for rule in application(services(tmp_path)).url_map.iter_rules():
        assert not rule.merge_slashes
        assert rule.redirect_to is None
        assert rule.alias is False
        assert rule.rule == "/" or not rule.rule.endswith("/") or not rule.strict_slashes, rule.rule


def test_every_redirect_is_relative_whatever_host_was_asked(tmp_path: Path) -> None:
    house = services(tmp_path)
    app, exam = application(house), issued(house)
    evil = "http://evil.example"
    let_in = app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}, base_url=evil)
    assert let_in.headers["Location"] == f"/exams/{exam.exam_id}"
    for path in ("/staff/", "/staff/x", "/staff/exams"):
        assert app.test_client().get(path, base_url=evil).headers["Location"] == "/staff/login"

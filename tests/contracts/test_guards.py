"""Default deny: every route has a guard somebody named, and the demo's routes exist in the demo only."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.config import Settings
from app.demo.house import create_demo_app
from app.web.guards import guard_of, public
from tests.factories.house import services
from tests.factories.production import production

PUBLIC = {
    "/",
    "/q/<code>",
    "/t/<ticket>",
    "/t/<ticket>/viewer",
    "/t/<ticket>/report.pdf",
    "/t/<ticket>/images.zip",
    "/t/<ticket>/dicom.zip",
    "/t/g/<ticket>",
    "/t/g/<ticket>/viewer",
    "/t/g/<ticket>/report.pdf",
    "/t/g/<ticket>/images.zip",
    "/t/g/<ticket>/dicom.zip",
    "/reading",
    "/s/<code>",
    "/s",
    "/p",
    "/g/<code>",
    "/d",
    "/h",
    "/wx/enter",
    "/wx/callback",
    "/wx/help",
    "/bind",
    "/MP_verify_<code>.txt",
    "/healthz",
    "/readyz",
    "/metrics",
    "/static/<version>/<path:name>",
    "/api/v1/openapi.json",
    "/hooks/sms/tencent",
    "/hooks/sms/tencent/replies",
    "/hooks/sms/aliyun/replies",
    "/hooks/sms/gateway/replies",
    "/hooks/sms/aliyun",
    "/hooks/sms/gateway",
    "/demo/phone",
    "/demo/sheets/<accession>/qr.svg",
    "/demo/sheets/<accession>/report-sheet.pdf",
    "/bootstrap/static/<path:filename>",
}


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return create_demo_app(services(tmp_path))


def test_every_route_has_a_guard(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        assert guard_of(app, rule.endpoint) is not None, rule.rule


def test_only_the_listed_routes_are_public(app: Flask) -> None:
    found = {rule.rule for rule in app.url_map.iter_rules() if guard_of(app, rule.endpoint) is public}
    assert found <= PUBLIC, found - PUBLIC


def test_a_route_without_a_guard_is_denied(app: Flask) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    assert app.test_client().get("/forgotten").status_code == 404


def test_in_production_the_demos_routes_do_not_exist(tmp_path: Path) -> None:
    app = create_app(Settings.from_env(production(tmp_path)))
    assert not [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/demo")]
    answer = app.test_client().get("/", base_url="https://film.example.org")
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]

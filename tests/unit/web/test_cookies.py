"""Cookies: each is set and deleted with the same flags, and no other module decides about one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask, Response

from app.config import Settings
from app.web import cookies
from tests.factories.access import application
from tests.factories.house import services
from tests.places import ROOT

HTTPS = {"http://film.example.org": False, "https://film.example.org": True, "HTTPS://film.example.org": True}
ONE_YEAR = "Max-Age=31536000"


@pytest.fixture(params=HTTPS)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Flask, bool]:
    """An application, and whether patients reach it through TLS."""
    return application(services(tmp_path, base_url=request.param)), HTTPS[request.param]


def flags(response: Response) -> tuple[str, set[str]]:
    """Name and value, and the attributes without the time of expiry, of the only cookie."""
    [text] = response.headers.getlist("Set-Cookie")
    pair, *attributes = text.split("; ")
    return pair, {attribute for attribute in attributes if not attribute.startswith("Expires=")}


@pytest.mark.parametrize(
    ("cookie", "bare_name", "more"),
    [
        (cookies.PATIENT, "cf-patient", {"SameSite=Lax"}),
        (cookies.DEVICE, "cf-device", {"SameSite=Lax", ONE_YEAR}),
        (cookies.STAFF, "cf-staff", {"SameSite=Strict"}),
    ],
)
def test_a_cookie_is_set_deleted_and_read_under_one_name_with_the_same_flags(
    site: tuple[Flask, bool], cookie: cookies.Cookie, bare_name: str, more: set[str]
) -> None:
    app, is_https = site
    name = "__Host-" + bare_name if is_https else bare_name
    always = {"Path=/", "HttpOnly"} | ({"Secure"} if is_https else set())
    with app.test_request_context(headers={"Cookie": f"{name}=sent"}):
        assert cookie.read() == "sent"
        given, deleted = Response(), Response()
        cookie.set(given, "value")
        cookie.delete(deleted)
        assert flags(given) == (f"{name}=value", always | more)
        assert flags(deleted) == (f"{name}=", always | (more - {ONE_YEAR}) | {"Max-Age=0"})
    with app.test_request_context():
        assert cookie.read() == ""


def test_a_cookie_without_the_hosts_prefix_is_nothing_behind_https(tmp_path: Path) -> None:
    app = application(services(tmp_path, base_url="https://film.example.org"))
    with app.test_request_context(headers={"Cookie": "cf-patient=planted"}):
        assert cookies.PATIENT.read() == ""


def test_the_cookie_of_the_consoles_forms_follows_the_same_rule(site: tuple[Flask, bool]) -> None:
    app, is_https = site
    pair, attributes = flags(app.test_client().get("/staff/login"))
    assert pair.startswith("__Host-cf-form=" if is_https else "cf-form=")
    assert attributes == {"Path=/", "HttpOnly", "SameSite=Strict"} | ({"Secure"} if is_https else set())


def test_only_one_module_names_a_cookie_and_only_the_settings_ask_for_https() -> None:
    for path in sorted((ROOT / "app").rglob("*.py")):
        text, place = path.read_text(), str(path.relative_to(ROOT))
        for words in (".set_cookie(", ".delete_cookie(", "request.cookies", "SESSION_COOKIE_", "__Host-"):
            assert words not in text or place == "app/web/cookies.py", (place, words)
        assert 'startswith("https' not in text, place


@pytest.mark.parametrize("base_url", HTTPS)
def test_the_settings_know_https_by_the_scheme_in_any_letters(tmp_path: Path, base_url: str) -> None:
    settings: Settings = services(tmp_path).settings
    assert replace(settings, base_url=base_url).is_https is HTTPS[base_url]

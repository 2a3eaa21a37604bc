"""Elder mode and the size of letters: chosen at any door, in a cookie, and kept for who is bound."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from app.bootstrap import Services
from app.models import WechatAccount
from tests.factories.house import services
from tests.factories.login import bound, csrf, enter
from tests.factories.telling import register


@pytest.fixture
def house(tmp_path: Path) -> Services:
    built = services(tmp_path, wechat_notices="simulated")
    register(built)
    return built


@pytest.fixture
def app(house: Services) -> Flask:
    return create_app(house.settings, house)


def root(client: FlaskClient, path: str = "/p") -> str:
    """The classes of the page's root element."""
    return client.get(path).text.partition('<html lang="zh-CN" class="')[2].partition('"')[0]


def kept(house: Services) -> str | None:
    with house.db.read() as session:
        return session.scalars(select(WechatAccount.reading)).one()


def test_a_choice_lasts_in_this_browser_and_a_text_that_is_none_changes_nothing(app: Flask) -> None:
    client = app.test_client()
    assert root(client) == "zoom-100"
    client.post("/reading", data={"elder": "yes"})
    client.post("/reading", data={"zoom": "150"})
    assert root(client) == "elder zoom-150"
    client.post("/reading", data={"elder": "<script>", "zoom": "999"})
    assert root(client) == "elder zoom-150"
    client.set_cookie("cf-reading", "elder-100 onload=alert(1)")
    assert root(client) == "zoom-100"


@pytest.mark.parametrize(
    ("referer", "leads_to"),
    [
        ("http://localhost/p", "/p"),
        ("http://localhost/p?next=https://evil.example", "/p"),
        ("http://localhost//evil.example/", "/"),
        ("http://localhost/\\evil.example/", "/"),
        ("http://evil.example/p", "/"),
        ("http://localhost@evil.example/p", "/"),
        ("http://[", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_the_way_back_never_leaves_this_host(app: Flask, referer: str, leads_to: str) -> None:
    answer = app.test_client().post("/reading", data={"elder": "yes"}, headers={"Referer": referer})
    assert (answer.status_code, answer.headers["Location"]) == (303, leads_to)


def test_another_site_chooses_nothing(app: Flask) -> None:
    answer = app.test_client().post("/reading", data={"elder": "yes"}, headers={"Origin": "https://evil.example"})
    assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (403, [])


def test_a_bound_person_reads_the_same_way_on_the_next_login(house: Services, app: Flask) -> None:
    client = bound(app, house)
    client.post("/reading", data={"elder": "yes", "csrf_token": csrf(client)})
    assert kept(house) == "elder-100"
    client.delete_cookie("cf-reading")
    assert root(client) == "zoom-100"
    assert enter(client, house).status_code == 302
    assert root(client) == "elder zoom-100"


def test_who_chose_before_being_bound_need_not_choose_again(house: Services, app: Flask) -> None:
    client = bound(app, house)
    client.set_cookie("cf-reading", "elder-150")
    enter(client, house)
    assert kept(house) == "elder-150"


def test_without_the_token_of_the_session_nothing_is_kept_for_the_person(house: Services, app: Flask) -> None:
    client = bound(app, house)
    for token in ({}, {"csrf_token": "wrong"}, {"csrf_token": "é"}):
        client.post("/reading", data={"elder": "yes", **token})
    assert kept(house) is None

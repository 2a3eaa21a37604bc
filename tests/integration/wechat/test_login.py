"""Login by WeChat: WeChat's odd ways go unnoticed, and what attackers send proves nothing and leaves a trace."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from app import create_app
from app.bootstrap import Services
from app.models import AuditEvent
from tests.factories.house import clock_of, services
from tests.factories.login import OPENID, authorised, bound, enter
from tests.factories.telling import register
from wechat.playing import Player


@pytest.fixture
def house(tmp_path: Path) -> Services:
    built = services(tmp_path, wechat_notices="simulated")
    register(built)
    return built


@pytest.fixture
def app(house: Services) -> Flask:
    return create_app(house.settings, house)


def player(house: Services) -> Player:
    assert house.simulation.wechat is not None
    return house.simulation.wechat


def exchanges(house: Services) -> int:
    answer = player(house).session.get("http://wechat.simulated/control/counts", timeout=5)
    return int(answer.json().get("/sns/oauth2/access_token", 0))


def refusals(house: Services) -> list[str]:
    with house.db.read() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == "wechat.login_refused"))
        return [event.detail["reason"] for event in events]


def test_the_menu_asks_wechat_silently_and_leads_who_is_not_bound_to_bind(house: Services, app: Flask) -> None:
    client = app.test_client()
    asked = client.get("/wx/enter?to=exams")
    query = parse_qs(urlsplit(asked.headers["Location"]).query)
    assert asked.headers["Location"].endswith("#wechat_redirect")
    assert (query["scope"], query["response_type"]) == (["snsapi_base"], ["code"])
    assert query["state"][0].isalnum()
    assert len(query["state"][0]) <= 128
    back = enter(client, house)
    assert (back.status_code, back.headers["Location"]) == (302, "/bind")
    assert "绑定微信" in client.get("/bind").text


@pytest.mark.parametrize(
    ("to", "place"),
    [("pickup", "/s"), ("help", "/wx/help"), ("https://evil.test/", "/bind"), ("//evil.test", "/bind"), ("", "/bind")],
)
def test_a_link_leads_to_a_word_of_ours_and_nowhere_else(house: Services, app: Flask, to: str, place: str) -> None:
    assert enter(app.test_client(), house, to=to).headers["Location"] == place


def test_a_callback_that_comes_twice_with_two_codes_gets_one_answer_and_spends_one_code(
    house: Services, app: Flask
) -> None:
    client = app.test_client()
    address = client.get("/wx/enter").headers["Location"]
    first, second = (authorised(house, address) for _ in range(2))
    answers = [client.get("/wx/callback", query_string={"code": c, "state": s}) for c, s in (first, second, first)]
    assert [answer.headers["Location"] for answer in answers] == ["/bind"] * 3
    assert exchanges(house) == 1
    assert refusals(house) == []


def test_a_state_given_twice_in_one_address_is_read(house: Services, app: Flask) -> None:
    client = app.test_client()
    code, state = authorised(house, client.get("/wx/enter").headers["Location"])
    assert client.get(f"/wx/callback?code=x&state=y&code={code}&state={state}").headers["Location"] == "/bind"


def test_a_spent_code_begins_the_login_once_more_in_silence_and_then_no_more(house: Services, app: Flask) -> None:
    client = app.test_client()
    code, state = authorised(house, client.get("/wx/enter").headers["Location"])
    player(house).order("/sns/oauth2/access_token", "40163", 2)
    again = client.get("/wx/callback", query_string={"code": code, "state": state})
    assert again.status_code == 302
    code, state = authorised(house, again.headers["Location"])
    assert client.get("/wx/callback", query_string={"code": code, "state": state}).status_code == 403
    assert refusals(house) == ["code"]


def test_back_after_two_minutes_begins_anew_and_asks_wechat_nothing(house: Services, app: Flask) -> None:
    client = app.test_client()
    code, state = authorised(house, client.get("/wx/enter").headers["Location"])
    assert client.get("/wx/callback", query_string={"code": code, "state": state}).headers["Location"] == "/bind"
    clock_of(house).advance(121)
    back = client.get("/wx/callback", query_string={"code": code, "state": state})
    assert back.headers["Location"].startswith("http://wechat.simulated/connect/oauth2/authorize?")
    assert exchanges(house) == 1


def test_state_and_code_of_another_browser_are_refused_and_leave_a_trace(house: Services, app: Flask) -> None:
    victim = app.test_client()
    code, state = authorised(house, victim.get("/wx/enter").headers["Location"])
    for thief in (app.test_client(), app.test_client()):
        assert thief.get("/wx/callback", query_string={"code": code, "state": state}).status_code == 403
        thief.get("/wx/enter")  # a cookie of its own helps nothing
        assert thief.get("/wx/callback", query_string={"code": code, "state": state}).status_code == 403
        assert thief.get("/bind").headers["Location"] == "/wx/enter?to=exams"
    assert refusals(house) == ["state"] * 4
    assert exchanges(house) == 0
    for _ in range(300):  # nothing limits who asks: all are counted, few are written down
        assert app.test_client().get("/wx/callback", query_string={"code": code, "state": state}).status_code == 403
    assert len(refusals(house)) == 14
    assert victim.get("/wx/callback", query_string={"code": code, "state": state}).headers["Location"] == "/bind"


@pytest.mark.parametrize("seconds", [601, -90])
def test_an_old_state_and_one_of_the_future_are_refused(house: Services, app: Flask, seconds: int) -> None:
    client = app.test_client()
    code, state = authorised(house, client.get("/wx/enter").headers["Location"])
    clock_of(house).advance(seconds)
    assert client.get("/wx/callback", query_string={"code": code, "state": state}).status_code == 403
    assert refusals(house) == ["state"]


def test_no_changed_state_passes(house: Services, app: Flask) -> None:
    client = app.test_client()
    code, state = authorised(house, client.get("/wx/enter").headers["Location"])
    changed = [state[:at] + ("0" if state[at] != "0" else "1") + state[at + 1 :] for at in range(0, len(state), 3)]
    for each in (*changed, state.upper(), state + "00", state[:-2], "", "zz", "0" * 128):
        if each != state:
            assert client.get("/wx/callback", query_string={"code": code, "state": each}).status_code == 403
    assert exchanges(house) == 0


def test_a_snapshot_page_proves_nobody_and_says_how_to_open_the_real_one(house: Services, app: Flask) -> None:
    player(house).snapshot("oSnap", "快照")
    client = app.test_client()
    page = enter(client, house, "oSnap")
    assert (page.status_code, "完整服务" in page.text) == (200, True)
    assert client.get("/bind").status_code == 302
    assert refusals(house) == ["snapshot"]


def test_an_openid_alone_opens_nothing_on_a_new_device(house: Services, app: Flask) -> None:
    mine = bound(app, house)
    assert enter(mine, house).headers["Location"] == "/exams"
    assert mine.get("/exams").status_code == 200
    other = app.test_client()
    assert enter(other, house).headers["Location"] == "/bind"
    assert other.get("/exams").status_code == 404
    assert "第一次打开" in other.get("/bind").text


def test_another_openid_in_the_same_browser_is_not_the_owner(house: Services, app: Flask) -> None:
    mine = bound(app, house)
    assert enter(mine, house, "oOther000000000000000000001").headers["Location"] == "/bind"


def test_while_wechat_does_not_answer_the_phone_door_is_named(house: Services, app: Flask) -> None:
    player(house).order("/sns/oauth2/access_token", "html", 1)
    client = app.test_client()
    page = enter(client, house)
    assert (page.status_code, 'href="/p"' in page.text) == (503, True)
    assert enter(client, house).headers["Location"] == "/bind"


def test_without_wechat_the_links_lead_to_the_phone_door(tmp_path: Path) -> None:
    built = services(tmp_path / "none")
    client = create_app(built.settings, built).test_client()
    assert client.get("/wx/enter").headers["Location"] == "/p"
    assert client.get("/wx/enter?to=pickup").headers["Location"] == "/s"
    assert client.get("/wx/callback?code=x&state=y").headers["Location"] == "/p"
    assert client.get("/bind").status_code == 302


def test_no_openid_lies_in_the_database_in_clear_text(house: Services, app: Flask, tmp_path: Path) -> None:
    bound(app, house)
    files = [each for each in tmp_path.iterdir() if each.name.startswith("cloudfilm.db")]
    assert all(OPENID.encode() not in each.read_bytes() for each in files)

"""The simulated WeChat answers as WeChat documents it: shapes, texts and errcodes, call by call."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.factories.wechat import APPID, CONFIG, LI, SECRET, SNAP, Wechat, wechat
from wechat.simulator.config import Config, Limits
from wechat.simulator.server import API

RID = re.compile(r".+ rid: ([0-9a-f]{8}-){2}[0-9a-f]{8}")


@pytest.fixture
def real() -> Iterator[Wechat]:
    with wechat() as one:
        yield one


def code_of(answer: Any) -> int:
    assert RID.fullmatch(answer["errmsg"]), answer
    return int(answer["errcode"])


def test_a_stable_token_stays_the_same_in_its_life_and_the_former_one_is_good_for_five_minutes_more(
    real: Wechat,
) -> None:
    first = real.stable_token()
    assert set(first) == {"access_token", "expires_in"}
    assert first["expires_in"] == 7200
    real.clock.at += 6800
    assert real.stable_token() == {"access_token": first["access_token"], "expires_in": 400}
    real.clock.at += 150
    second = real.stable_token()
    assert second["access_token"] != first["access_token"]
    assert {real.send(token=each["access_token"])["errcode"] for each in (first, second)} == {0}
    real.clock.at += 250
    assert code_of(real.send(token=first["access_token"])) == 42001
    assert real.send(token=second["access_token"])["errcode"] == 0


def test_a_refresh_by_force_ends_the_former_token_twenty_times_a_day_and_not_within_thirty_seconds(
    real: Wechat,
) -> None:
    first = real.stable_token()["access_token"]
    second = real.stable_token(force_refresh=True)["access_token"]
    assert second != first
    assert code_of(real.send(token=first)) == 40001
    real.clock.at += 29
    assert real.stable_token(force_refresh=True)["access_token"] == second
    for _ in range(19):
        real.clock.at += 31
        assert "access_token" in real.stable_token(force_refresh=True)
    real.clock.at += 31
    assert code_of(real.stable_token(force_refresh=True)) == 45009


def test_tokens_of_the_old_interface_chase_each_other_and_not_the_stable_one(real: Wechat) -> None:
    query = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
    stable = real.stable_token()["access_token"]
    first, second = (real.ask("/cgi-bin/token", **query)["access_token"] for _ in range(2))
    assert first != second
    assert real.send(token=first)["errcode"] == 0
    real.clock.at += 301
    assert code_of(real.send(token=first)) == 42001
    assert {real.send(token=each)["errcode"] for each in (second, stable)} == {0}


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"appid": "wxOther"}, 40013),
        ({"secret": "wrong"}, 40125),
        ({"secret": ""}, 41004),
        ({"appid": ""}, 41002),
        ({"grant_type": "x"}, 40002),
    ],
)
def test_a_wrong_account_gets_no_token(real: Wechat, changes: dict[str, str], errcode: int) -> None:
    assert code_of(real.stable_token(**changes)) == errcode


def test_a_stable_token_is_asked_for_by_post_with_json(real: Wechat) -> None:
    assert code_of(real.ask("/cgi-bin/stable_token")) == 43002
    assert code_of(real.ask("/cgi-bin/stable_token", b"no json")) == 47001


def test_every_call_of_the_account_wants_a_token_that_holds(real: Wechat) -> None:
    asked = [path for path in API if path.startswith("/cgi-bin/") and "token" not in path and not path.endswith("v2")]
    assert len(asked) >= 14
    for path in asked:
        body: Any = {} if path.endswith(("send", "create", "check")) else None
        assert code_of(real.ask(path, body)) == 41001, path
        assert code_of(real.ask(path, body, access_token="x")) == 40001, path


def test_a_code_is_good_once_and_for_five_minutes(real: Wechat) -> None:
    code = real.code()
    told = real.exchange(code)
    assert set(told) == {"access_token", "expires_in", "refresh_token", "openid", "scope"}
    assert (told["openid"], told["scope"]) == (LI, "snsapi_base")
    assert code_of(real.exchange(code)) == 40163
    assert code_of(real.exchange("nonsense")) == 40029
    old = real.code()
    real.clock.at += 301
    assert code_of(real.exchange(old)) == 40029


def test_a_snapshot_page_has_a_virtual_openid_and_says_so(real: Wechat) -> None:
    first, second = (real.exchange(real.code(SNAP)) for _ in range(2))
    assert first["is_snapshotuser"] == second["is_snapshotuser"] == 1
    assert len({first["openid"], second["openid"], SNAP}) == 3


def test_authorisation_is_one_302_with_code_and_state_or_a_page_to_choose_a_person(real: Wechat) -> None:
    status, _, location = real.authorize()
    assert status == 302
    assert re.fullmatch(r"https://film\.test/wx/callback\?code=[\w-]+&state=abc123", location)
    status, page, location = real.authorize("")
    assert (status, location) == (200, "")
    assert f"as={LI}" in page


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"redirect_uri": "https://evil.test/wx/callback"}, 10003),
        ({"redirect_uri": "https://film.test.evil.test/"}, 10003),
        ({"appid": "wxOther"}, 10012),
        ({"scope": "snsapi_all"}, 10005),
        ({"state": "a-b"}, 10015),
        ({"state": "a" * 129}, 10015),
    ],
)
def test_authorisation_that_is_asked_for_wrongly_leads_nowhere(
    real: Wechat, changes: dict[str, str], errcode: int
) -> None:
    status, page, location = real.authorize(**changes)
    assert (status, location) == (200, "")
    assert str(errcode) in page


def test_the_callback_may_be_asked_for_twice_with_one_state_and_two_codes(real: Wechat) -> None:
    real.ask("/control/faults", {"path": "/connect/oauth2/authorize", "kind": "double", "times": 1})
    status, page, _ = real.authorize()
    codes = re.findall(r"code=([\w-]+)&state=abc123", page)
    assert status == 200
    assert len(set(codes)) == 2
    assert [real.exchange(code)["openid"] for code in codes] == [LI, LI]


def test_an_accepted_notice_has_a_number_and_the_same_client_msg_id_is_sent_once(real: Wechat) -> None:
    told = real.send(client_msg_id="m1")
    assert (set(told), told["errcode"], told["errmsg"]) == ({"errcode", "errmsg", "msgid"}, 0, "ok")
    assert real.send(client_msg_id="m1")["msgid"] == told["msgid"]
    assert len(real.ask("/control/notices", openid=LI)) == 1
    real.clock.at += 601
    assert real.send(client_msg_id="m1")["msgid"] != told["msgid"]


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"data": {"thing1": "字" * 21}}, 47003),
        ({"data": {"const3": "→"}}, 47003),
        ({"data": {"time2": "昨天"}}, 47003),
        ({"template_id": "other"}, 40037),
        ({"openid": "oNobody"}, 40003),
    ],
)
def test_a_notice_that_breaks_a_rule_is_refused(real: Wechat, changes: dict[str, Any], errcode: int) -> None:
    assert code_of(real.send(**changes)) == errcode
    assert real.ask("/control/notices") == []


def test_who_does_not_follow_or_does_not_want_to_be_disturbed_gets_no_template_message(real: Wechat) -> None:
    real.ask("/control/users", {"openid": LI, "follows": False})
    assert code_of(real.send()) == 43004
    real.ask("/control/users", {"openid": LI, "follows": True, "refuses": True})
    assert code_of(real.send()) == 43101


def test_too_many_notices_to_one_openid_or_at_once_are_refused() -> None:
    limits = Limits(notices_to_one=2, notices_at_once=3)
    with wechat(replace(CONFIG, limits=limits)) as real:
        assert [real.send()["errcode"] for _ in range(3)] == [0, 0, 43117]
        real.ask("/control/users", {"openid": "o2", "name": "乙"})
        assert [real.send("o2")["errcode"] for _ in range(2)] == [0, -1]
        real.clock.at += 61
        assert real.send()["errcode"] == 0


def test_a_daily_quota_is_told_used_up_and_cleared() -> None:
    path = "/cgi-bin/message/template/send"
    with wechat(replace(CONFIG, limits=Limits(daily={path: 2}))) as real:
        token = real.stable_token()["access_token"]
        assert [real.send(token=token)["errcode"] for _ in range(3)] == [0, 0, 45009]
        asked = real.ask("/cgi-bin/openapi/quota/get", {"cgi_path": path}, access_token=token)
        assert asked == {"errcode": 0, "errmsg": "ok", "quota": {"daily_limit": 2, "used": 2, "remain": 0}}
        wrong = {"cgi-bin/x": 76003, "/sns/oauth2/access_token": 76022, "/cgi-bin/nowhere": 76021}
        for cgi_path, errcode in wrong.items():
            answer = real.ask("/cgi-bin/openapi/quota/get", {"cgi_path": cgi_path}, access_token=token)
            assert code_of(answer) == errcode
        assert real.ask("/cgi-bin/clear_quota", {"appid": APPID}, access_token=token)["errcode"] == 0
        assert real.send(token=token)["errcode"] == 0
        for _ in range(9):
            real.ask("/cgi-bin/clear_quota", {"appid": APPID}, access_token=token)
        assert code_of(real.ask("/cgi-bin/clear_quota", {"appid": APPID}, access_token=token)) == 48006


def test_a_quota_begins_anew_at_midnight_in_china() -> None:
    with wechat(replace(CONFIG, limits=Limits(daily={"/cgi-bin/stable_token": 1}))) as real:
        real.stable_token()
        assert code_of(real.stable_token()) == 45009
        real.clock.at += 86400
        assert "access_token" in real.stable_token()


def test_a_subscription_notice_goes_to_who_subscribed_and_uses_the_subscription_up(real: Wechat) -> None:
    token = real.stable_token()["access_token"]
    data = {"thing1": {"value": "影像检查"}, "time2": {"value": "08:30"}, "const3": {"value": "已可查看"}}
    body = {"touser": "oGuest", "template_id": "tpl-ready", "page": "https://film.test/", "data": data}
    path = "/cgi-bin/message/subscribe/bizsend"
    assert code_of(real.ask(path, body, access_token=token)) == 40003
    item = {"TemplateId": "tpl-ready", "SubscribeStatusString": "accept", "PopupScene": "1"}
    real.ask("/control/say", {"openid": "oGuest", "event": "subscribe_msg_popup_event", "list": [item]})
    real.ask("/control/users", {"openid": "oGuest", "follows": False})
    assert real.ask(path, body, access_token=token)["errcode"] == 0
    assert code_of(real.ask(path, body, access_token=token)) == 43101


def test_a_menu_is_one_for_the_account_and_its_sizes_are_checked(real: Wechat) -> None:
    token = real.stable_token()["access_token"]
    assert code_of(real.ask("/cgi-bin/menu/get", access_token=token)) == 46003
    button = {"type": "view", "name": "我的检查", "url": "https://film.test/wx/enter"}
    menu = {"button": [button, {"name": "更多", "sub_button": [{**button, "name": "很长很长的八个字"}]}]}
    assert real.ask("/cgi-bin/menu/create", menu, access_token=token) == {"errcode": 0, "errmsg": "ok"}
    assert real.ask("/cgi-bin/menu/get", access_token=token) == {"menu": menu}
    wrong: list[tuple[dict[str, Any], int]] = [
        ({"button": [button] * 4}, 40016),
        ({"button": [{**button, "name": "六个字的菜单"}]}, 40018),
        ({"button": [{**button, "type": "fly"}]}, 40017),
        ({"button": [{**button, "url": ""}]}, 40020),
        ({"button": [{"name": "更多", "sub_button": [button] * 6}]}, 40023),
        ({"button": [{"type": "click", "name": "点", "key": "k" * 129}]}, 40019),
    ]
    for each, errcode in wrong:
        assert code_of(real.ask("/cgi-bin/menu/create", each, access_token=token)) == errcode
    assert real.ask("/cgi-bin/menu/get", access_token=token) == {"menu": menu}


def test_callback_check_says_which_addresses_it_found_and_how_they_answer() -> None:
    with wechat(url="http://127.0.0.1:9/hooks/wechat") as real:
        token = real.stable_token()["access_token"]
        body = {"action": "all", "check_operator": "DEFAULT"}
        told = real.ask("/cgi-bin/callback/check", body, access_token=token)
        assert told["dns"] == [{"ip": "127.0.0.1", "real_operator": "CAP"}]
        assert set(told["ping"][0]) == {"ip", "from_operator", "package_loss", "time"}
        for wrong, errcode in (({"action": "x"}, 40202), ({"check_operator": "x"}, 40203)):
            answer = real.ask("/cgi-bin/callback/check", {**body, **wrong}, access_token=token)
            assert code_of(answer) == errcode


def test_templates_of_the_account_are_listed_with_their_fields(real: Wechat) -> None:
    token = real.stable_token()["access_token"]
    (told,) = real.ask("/cgi-bin/template/get_all_private_template", access_token=token)["template_list"]
    assert (told["template_id"], told["title"]) == ("tpl-ready", "检查影像查看通知")
    assert told["content"].splitlines()[0] == "检查项目：{{thing1.DATA}}"


def test_a_ticket_is_the_same_for_its_life(real: Wechat) -> None:
    token = real.stable_token()["access_token"]
    first = real.ask("/cgi-bin/ticket/getticket", type="jsapi", access_token=token)
    assert set(first) == {"errcode", "errmsg", "ticket", "expires_in"}
    assert real.ask("/cgi-bin/ticket/getticket", type="jsapi", access_token=token)["ticket"] == first["ticket"]


def test_an_address_outside_of_the_white_list_is_told_as_ours() -> None:
    with wechat(replace(CONFIG, addresses=("203.0.113.1",))) as real:
        answer = real.send()
        assert code_of(answer) == 40164
        assert "127.0.0.1" in answer["errmsg"]


def test_followers_are_told_with_less_when_they_do_not_follow(real: Wechat) -> None:
    token = real.stable_token()["access_token"]
    assert real.ask("/cgi-bin/user/info", openid=LI, access_token=token)["subscribe"] == 1
    real.ask("/control/users", {"openid": LI, "follows": False})
    assert real.ask("/cgi-bin/user/info", openid=LI, access_token=token) == {"subscribe": 0, "openid": LI}


def test_what_wechat_does_not_know_is_an_invalid_url(real: Wechat) -> None:
    assert code_of(real.ask("/cgi-bin/message/mass/send", {}, access_token="x")) == 40066


def test_state_outlives_a_restart_and_a_config_is_one_document(tmp_path: Path) -> None:
    document = """{"appid": "wx1", "secret": "s", "domains": ["film.test"], "users": [{"openid": "o1", "name": "甲"}],
        "templates": [{"template_id": "t", "title": "标题", "fields": {"const1": "状态"},
        "values": {"const1": ["好"]}}],
        "limits": {"notices_to_one": 3, "daily": {"/cgi-bin/token": 7}}}"""
    config = Config.from_json(document)
    assert (config.limits.notices_to_one, config.limits.daily["/cgi-bin/token"]) == (3, 7)
    assert config.limits.daily["/cgi-bin/stable_token"] == 500_000
    path = tmp_path / "wechat.json"
    with wechat(CONFIG, path) as real:
        token, msgid = real.stable_token()["access_token"], real.send()["msgid"]
    with wechat(CONFIG, path) as real:
        assert real.stable_token()["access_token"] == token
        assert [each["msgid"] for each in real.ask("/control/notices")] == [msgid]
    with pytest.raises(ValueError):
        Config.from_json('{"callback": {"mode": "other"}}')

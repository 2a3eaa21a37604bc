"""The door to WeChat: every way to fail has its cause, and no exception or log line holds a secret."""

from __future__ import annotations

import socket
import traceback
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.factories.wechat import APPID, CONFIG, SECRET, Wechat, wechat
from wechat import oauth
from wechat.account import Client, Credentials, OfficialAccount, fetch_stable_token, fetch_ticket
from wechat.door import Door
from wechat.errors import (
    CallError,
    CodeSpent,
    TokenRefused,
    WechatRefused,
    WechatRetryLater,
    WechatUnknown,
    error_of,
)

CREDENTIALS = Credentials(APPID, SECRET)


class Fixed:
    """A token that never changes."""

    def __init__(self, value: str) -> None:
        self.value, self.asked = value, 0

    def current(self) -> str:
        return self.value

    def refused(self, token: str) -> str:
        self.asked += 1
        return self.value


@pytest.fixture
def real() -> Iterator[Wechat]:
    with wechat() as one:
        yield one


def account(real: Wechat) -> OfficialAccount:
    door = Door(real.base)
    return OfficialAccount(door, Fixed(fetch_stable_token(door, CREDENTIALS)[0]))


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("40029", CodeSpent),
        ("40163", CodeSpent),
        ("40125", WechatRefused),
        ("45011", WechatRetryLater),
        ("-1", WechatRetryLater),
        ("99999", WechatUnknown),
        ("html", WechatUnknown),
        ("cut", WechatUnknown),
    ],
)
def test_a_failure_says_its_cause_and_never_the_secret(real: Wechat, fault: str, kind: type[CallError]) -> None:
    real.ask("/control/faults", {"path": "/sns/oauth2/access_token", "kind": fault, "times": 1})
    with pytest.raises(CallError) as caught:
        oauth.exchange(Door(real.base), CREDENTIALS, "code-of-a-person")
    assert type(caught.value) is kind
    told = "".join(traceback.format_exception(caught.value))
    assert SECRET not in told
    assert "code-of-a-person" not in told


def test_who_cannot_be_reached_did_nothing() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        door = Door(f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(WechatRetryLater) as caught:
            oauth.exchange(door, CREDENTIALS, "c")
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_an_openid_comes_for_a_code_and_a_snapshot_says_so(real: Wechat) -> None:
    door = Door(real.base)
    assert not oauth.exchange(door, CREDENTIALS, real.code()).is_snapshot
    assert oauth.exchange(door, CREDENTIALS, real.code("oSnap00000000000000000000001")).is_snapshot


def test_the_address_of_the_white_list_and_the_name_of_the_call_are_kept() -> None:
    with wechat(replace(CONFIG, addresses=("203.0.113.1",))) as real, pytest.raises(WechatRefused) as caught:
        account(real).get("/cgi-bin/menu/get")
    assert (caught.value.code, caught.value.address) == (40164, "127.0.0.1")
    assert caught.value.rid


def test_a_refused_token_is_replaced_a_few_times_and_no_more(real: Wechat) -> None:
    held = account(real)
    real.ask("/control/faults", {"path": "/cgi-bin/menu/get", "kind": "40001", "times": 9})
    with pytest.raises(TokenRefused):
        held.get("/cgi-bin/menu/get")
    assert isinstance(held.token, Fixed)
    assert held.token.asked == 2
    assert real.ask("/control/counts")["/cgi-bin/menu/get"] == 3


def test_wechatpys_thin_calls_go_through_our_door(real: Wechat) -> None:
    client: Any = Client(account(real), APPID)
    menu = {"button": [{"type": "view", "name": "我的检查", "url": "https://film.test/"}]}
    assert client.menu.create(menu)["errcode"] == 0
    assert client.menu.get() == {"menu": menu}
    assert client.user.get("oLi0000000000000000000000001")["subscribe"] == 1
    with pytest.raises(WechatRefused):
        client.user.get("oNobody")
    assert len(client.jsapi.get_jsapi_signature("n", "t", "1", "https://film.test/")) == 40


def test_a_ticket_comes_with_its_life(real: Wechat) -> None:
    ticket, life_s = fetch_ticket(account(real))
    assert ticket
    assert life_s == 7200


def test_an_unlisted_errcode_is_unknown() -> None:
    assert isinstance(error_of(99999), WechatUnknown)

"""Our entry goes into the menu beside those of others; the walk through the set-up names what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.factories.wechat import APPID, CONFIG, READY, SECRET, Wechat, wechat
from wechat import menu
from wechat.account import Client, Credentials, OfficialAccount, fetch_stable_token
from wechat.door import Door
from wechat.set_up import Finding, Result, Step, findings

PREFIX = "https://film.test/wx/enter"
ENTRY = menu.Entry("我的检查", f"{PREFIX}?to=exams", PREFIX)
OTHER = {"type": "click", "name": "挂号", "key": "register"}
FULL = [{"name": f"栏{n}", "sub_button": [{**OTHER, "name": f"项{n}{m}"} for m in range(5)]} for n in range(3)]


class Fetched:
    """A token that is fetched each time."""

    def __init__(self, door: Door, secret: str = SECRET) -> None:
        self.door, self.secret = door, secret

    def current(self) -> str:
        return fetch_stable_token(self.door, Credentials(APPID, self.secret))[0]

    def refused(self, token: str) -> str:
        return self.current()


def account(real: Wechat, secret: str = SECRET) -> OfficialAccount:
    door = Door(real.base)
    return OfficialAccount(door, Fetched(door, secret))


@pytest.fixture
def real() -> Iterator[Wechat]:
    with wechat(url="http://127.0.0.1:9/hooks/wechat") as one:
        yield one


def test_our_entry_comes_beside_those_of_others_and_a_second_run_changes_nothing(real: Wechat) -> None:
    client: Any = Client(account(real), APPID)
    assert menu.current(client) == []
    menu.write(client, [OTHER])
    after = menu.merged(menu.current(client), ENTRY)
    assert after == [OTHER, ENTRY.button]
    assert "+" in menu.difference([OTHER], after)
    menu.write(client, after)
    assert menu.difference(menu.current(client), menu.merged(menu.current(client), ENTRY)) == ""


def test_an_entry_of_ours_is_replaced_where_it_stands() -> None:
    old = {"type": "view", "name": "旧名字", "url": f"{PREFIX}?to=old"}
    assert menu.merged([old, OTHER], ENTRY) == [ENTRY.button, OTHER]
    below = [{"name": "更多", "sub_button": [OTHER, old]}]
    assert menu.merged(below, ENTRY) == [{"name": "更多", "sub_button": [OTHER, ENTRY.button]}]


def test_where_three_buttons_stand_it_goes_below_one_with_room_and_nothing_is_pushed_out() -> None:
    with_room = [*FULL[:2], {"name": "更多", "sub_button": [OTHER]}]
    assert menu.merged(with_room, ENTRY)[2]["sub_button"] == [OTHER, ENTRY.button]
    assert with_room[2]["sub_button"] == [OTHER]
    for taken in (FULL, [OTHER] * 3):
        with pytest.raises(menu.MenuFull):
            menu.merged(taken, ENTRY)


def results(found: list[Finding]) -> list[tuple[Step, Result, str]]:
    return [(each.step, each.result, each.detail) for each in found if each.is_fault]


OURS = {"ready": (READY.template_id, READY.fields)}


def test_a_right_set_up_has_no_fault(real: Wechat) -> None:
    found = list(findings(account(real), OURS))
    assert {each.step for each in found} == set(Step)
    assert results(found) == []


def test_what_is_wrong_is_named(real: Wechat) -> None:
    ((step, result, detail),) = results(list(findings(account(real, "wrong"), OURS)))
    assert (step, result, detail[:6]) == (Step.TOKEN, Result.SECRET, "40125 ")
    ours = {"gone": ("other-id", {}), "changed": (READY.template_id, {"thing9": "x"})}
    assert results(list(findings(account(real), ours))) == [
        (Step.TEMPLATES, Result.TEMPLATE_MISSING, "gone"),
        (Step.TEMPLATES, Result.TEMPLATE_DIFFERS, "changed"),
    ]


def test_our_own_address_is_told_when_it_is_not_in_the_white_list() -> None:
    with wechat(replace(CONFIG, addresses=("203.0.113.1",))) as real:
        assert results(list(findings(account(real), OURS))) == [(Step.TOKEN, Result.WHITE_LIST, "127.0.0.1")]


def test_without_a_callback_nothing_is_wrong() -> None:
    with wechat() as real:
        found = list(findings(account(real), OURS))
        assert results(found) == []
        assert Finding(Step.CALLBACK, Result.NO_CALLBACK) in found

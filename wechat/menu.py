"""Our entry in the menu of the account: merged with what stands there, because other vendors have entries too.

WeChat replaces a menu as a whole, so nothing is written that was not read just before. Source: "自定义菜单": three
buttons, five below each.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from wechat.account import Client
from wechat.errors import WechatError, WechatRefused

MOST_BUTTONS, MOST_BELOW = 3, 5
NO_MENU = 46003
Button = dict[str, Any]


class MenuFull(WechatError):
    """There is no place for our entry: somebody must choose what goes."""


class MenuOfOthers(WechatError):
    """There are menus for groups of users, which this program does not merge."""


@dataclass(frozen=True)
class Entry:
    """`prefix`: what our addresses begin with; an entry with it is ours and is replaced."""

    name: str
    url: str
    prefix: str

    @property
    def button(self) -> Button:
        return {"type": "view", "name": self.name, "url": self.url}


def current(client: Client) -> list[Button]:
    """The buttons of the account now. Raises CallError, MenuOfOthers."""
    try:
        told = client.menu.get()
    except WechatRefused as refused:
        if refused.code == NO_MENU:
            return []
        raise
    if told.get("conditionalmenu"):
        raise MenuOfOthers("there are menus for groups of users")
    return _without_empty(told["menu"]["button"])


def merged(buttons: Sequence[Button], entry: Entry) -> list[Button]:
    """With our entry in the place where it was, else at the end, else below the last button that has room. Raises
    MenuFull."""
    found = deepcopy(list(buttons))
    for row in (found, *(button["sub_button"] for button in found if button.get("sub_button"))):
        for at, button in enumerate(row):
            if str(button.get("url", "")).startswith(entry.prefix):
                row[at] = entry.button
                return found
    if len(found) < MOST_BUTTONS:
        return [*found, entry.button]
    for button in reversed(found):
        below = button.get("sub_button")
        if below and len(below) < MOST_BELOW:
            below.append(entry.button)
            return found
    raise MenuFull("every place of the menu is taken")


def difference(before: Sequence[Button], after: Sequence[Button]) -> str:
    """What would change, line by line; empty for nothing."""
    lines = difflib.unified_diff(_text(before).splitlines(), _text(after).splitlines(), lineterm="", n=2)
    return "\n".join(lines)


def write(client: Client, buttons: Sequence[Button]) -> None:
    """Raises CallError."""
    client.menu.create({"button": list(buttons)})


def _without_empty(buttons: Sequence[Mapping[str, Any]]) -> list[Button]:
    """WeChat tells an empty list below each button, and does not take one."""
    told = []
    for button in buttons:
        kept = {name: value for name, value in button.items() if name != "sub_button" or value}
        if isinstance(kept.get("sub_button"), Mapping):
            kept["sub_button"] = kept["sub_button"].get("list", [])
        told.append(kept)
    return told


def _text(buttons: Sequence[Button]) -> str:
    return json.dumps(list(buttons), ensure_ascii=False, indent=1, sort_keys=True)

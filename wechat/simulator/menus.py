"""The menu of the simulated account: one for the whole account, replaced as a whole by each `menu/create`.

Source: developers.weixin.qq.com, "自定义菜单"; users' reports for the lengths.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wechat.simulator import tokens
from wechat.simulator.faults import ApiFault
from wechat.simulator.world import Call, World

MOST_BUTTONS, MOST_SUB_BUTTONS = 3, 5
NAME_BYTES, SUB_NAME_BYTES, KEY_BYTES, URL_BYTES = 16, 60, 128, 1024
TYPES = ("click", "view", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "location_select", "miniprogram")


def create(world: World, call: Call) -> dict[str, Any]:
    if call.method != "POST":
        raise ApiFault(43002)
    tokens.check(world, call)
    buttons = call.json().get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= MOST_BUTTONS:
        raise ApiFault(40016)
    for button in buttons:
        _check(button, NAME_BYTES)
    with world.changing() as state:
        world.count(state, call.path)
        state.menu = {"button": [dict(button) for button in buttons]}
    return {"errcode": 0, "errmsg": "ok"}


def get(world: World, call: Call) -> dict[str, Any]:
    tokens.check(world, call)
    with world.changing() as state:
        world.count(state, call.path)
        if state.menu is None:
            raise ApiFault(46003)
        return {"menu": state.menu}


def delete(world: World, call: Call) -> dict[str, Any]:
    tokens.check(world, call)
    with world.changing() as state:
        state.menu = None
    return {"errcode": 0, "errmsg": "ok"}


def current(world: World, call: Call) -> dict[str, Any]:
    """`get_current_selfmenu_info`: also menus that were made in the console."""
    tokens.check(world, call)
    with world.changing() as state:
        menu = state.menu
    return {"is_menu_open": int(menu is not None), "selfmenu_info": menu or {"button": []}}


def _check(button: Any, name_bytes: int) -> None:
    if not isinstance(button, Mapping):
        raise ApiFault(40016)
    name = str(button.get("name", ""))
    if not 0 < len(name.encode()) <= name_bytes:
        raise ApiFault(40018)
    below = button.get("sub_button")
    if below:
        if name_bytes != NAME_BYTES or not isinstance(below, list) or len(below) > MOST_SUB_BUTTONS:
            raise ApiFault(40023)
        for each in below:
            _check(each, SUB_NAME_BYTES)
        return
    if button.get("type") not in TYPES:
        raise ApiFault(40017)
    if button["type"] == "click" and not 0 < len(str(button.get("key", "")).encode()) <= KEY_BYTES:
        raise ApiFault(40019)
    if button["type"] == "view" and not 0 < len(str(button.get("url", "")).encode()) <= URL_BYTES:
        raise ApiFault(40020)

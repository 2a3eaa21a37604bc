"""Notices through the simulated WeChat: template messages and subscription notices, with everything that refuses one.

Source: developers.weixin.qq.com, service/api/notify/template/api_sendtemplatemessage; "订阅通知" (field rules); users'
reports for 43117 and for values of `const` fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from wechat.simulator import tokens
from wechat.simulator.config import Template
from wechat.simulator.faults import ApiFault
from wechat.simulator.state import Sent, State
from wechat.simulator.world import Call, World

SAME_ID_S = 600
"""The same openid and `client_msg_id` within this time is one message."""
_HAN = "\u4e00-\u9fff"
_DAY = r"\d{4}(-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2}|年\d{1,2}月\d{1,2}日)"
_CLOCK = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?"
_KEY = re.compile(r"([a-z_]+?)(\d+)")


def _like(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


_RULES: Mapping[str, Callable[[str], bool]] = {
    "thing": lambda value: 0 < len(value) <= 20,
    "character_string": _like(r"[\x21-\x7e]{1,32}"),
    "phrase": _like(rf"[{_HAN}]{{1,5}}"),
    "name": _like(rf"[{_HAN}·]{{1,10}}|[A-Za-z .·]{{1,20}}"),
    "number": _like(r"\d{1,32}(\.\d+)?"),
    "date": _like(rf"{_DAY}( {_CLOCK})?"),
    "time": _like(rf"({_DAY} )?{_CLOCK}"),
    "const": lambda value: 0 < len(value) <= 20,
}


def send_template(world: World, call: Call) -> dict[str, Any]:
    """`message/template/send`: errcode 0 says that it was accepted; an event says later what became of it."""
    return _send(world, call, "template")


def send_subscription(world: World, call: Call) -> dict[str, Any]:
    """`message/subscribe/bizsend`: to whoever subscribed, follower or not; a one-time subscription is used up."""
    return _send(world, call, "subscribe")


def private_templates(world: World, call: Call) -> dict[str, Any]:
    """`template/get_all_private_template`."""
    tokens.check(world, call)
    return {"template_list": [_described(each) for each in world.config.templates]}


def _described(template: Template) -> dict[str, Any]:
    content = "\n".join(f"{label}：{{{{{key}.DATA}}}}" for key, label in template.fields.items())
    return {
        "template_id": template.template_id,
        "title": template.title,
        "primary_industry": "",
        "deputy_industry": "",
        "content": content,
        "example": "",
    }


def _send(world: World, call: Call, kind: str) -> dict[str, Any]:
    if call.method != "POST":
        raise ApiFault(43002)
    tokens.check(world, call)
    given = call.json()
    openid, template = str(given.get("touser", "")), world.template(str(given.get("template_id", "")))
    with world.changing() as state:
        world.count(state, call.path)
        _check_pace(world, state, openid)
        if openid not in state.followers:
            raise ApiFault(40003)
        if template is None:
            raise ApiFault(40037)
        data = _data(template, given.get("data"))
        _check_owner(state, openid, template, kind)
        if (former := _same(world, state, openid, str(given.get("client_msg_id", "")))) is not None:
            return {"errcode": 0, "errmsg": "ok", "msgid": former.msgid}
        sent = _accepted(world, state, given, data, kind)
        if call.fault == "undelivered":
            sent.status = "failed:user block"
        return {"errcode": 0, "errmsg": "ok", "msgid": sent.msgid}


def _check_pace(world: World, state: State, openid: str) -> None:
    now, limits = world.now(), world.config.limits
    recent = [each for each in state.notices if each.at > now - 60]
    if sum(each.openid == openid for each in recent) >= limits.notices_to_one:
        raise ApiFault(43117)
    if sum(each.at > now - 1 for each in recent) >= limits.notices_at_once:
        raise ApiFault(-1)


def _data(template: Template, given: Any) -> dict[str, str]:
    """The values by key, each within the rule of its type. Raises ApiFault 47003 that names the field."""
    if not isinstance(given, Mapping):
        raise ApiFault(47003, "data is missing")
    values: dict[str, str] = {}
    for key in template.fields:
        value = given.get(key)
        text = value.get("value") if isinstance(value, Mapping) else None
        found = _KEY.fullmatch(key)
        approved = template.values.get(key)
        fits = isinstance(text, str) and found is not None and _RULES[found[1]](text)
        if not fits or (approved is not None and text not in approved):
            raise ApiFault(47003, f"data.{key}.value invalid")
        values[key] = str(text)
    return values


def _check_owner(state: State, openid: str, template: Template, kind: str) -> None:
    follower = state.followers[openid]
    if follower.refuses:
        raise ApiFault(43101)
    if kind == "template":
        if not follower.follows:
            raise ApiFault(43004)
        return
    left = state.subscriptions.get(openid, {}).get(template.template_id, 0)
    if left == 0:
        raise ApiFault(43101)
    if left > 0:
        state.subscriptions[openid][template.template_id] = left - 1


def _same(world: World, state: State, openid: str, client_msg_id: str) -> Sent | None:
    since = world.now() - SAME_ID_S
    for each in reversed(state.notices if client_msg_id else []):
        if each.at > since and (each.openid, each.client_msg_id) == (openid, client_msg_id):
            return each
    return None


def _accepted(world: World, state: State, given: Mapping[str, Any], data: dict[str, str], kind: str) -> Sent:
    state.last_msgid += 1
    sent = Sent(
        msgid=state.last_msgid,
        openid=str(given["touser"]),
        template_id=str(given["template_id"]),
        url=str(given.get("url") or given.get("page") or ""),
        data=data,
        at=world.now(),
        kind=kind,
        client_msg_id=str(given.get("client_msg_id", "")),
    )
    state.notices.append(sent)
    return sent

"""`/control`: for whoever plays the world around the product: reads notices, speaks as a user, moves the clock.

WeChat has nothing like it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from itertools import chain, count
from typing import Any

from wechat.simulator import pushing, tokens
from wechat.simulator.faults import ApiFault
from wechat.simulator.state import Fault, Follower, Sent
from wechat.simulator.world import Call, World

FAULT_WORDS = ("html", "timeout", "cut", "undelivered", "double")


def notices(world: World, call: Call) -> list[dict[str, Any]]:
    """The notices of an openid, or all, oldest first."""
    wanted = call.query.get("openid")
    with world.changing() as state:
        return [_shown(world, each) for each in state.notices if wanted in (None, each.openid)]


def say(world: World, call: Call) -> dict[str, Any]:
    """A user writes, or something happens: {openid, text | event, key?, list?, age_s?, mode?, relay?, deliver?}."""
    given = call.json()
    openid = str(given["openid"])
    with world.changing() as state:
        follower = world.follower(state, openid)
        if given.get("event") in ("subscribe", "unsubscribe"):
            follower.follows = given["event"] == "subscribe"
    if "text" in given:
        fields = pushing.text_fields(world, str(given["text"]))
    else:
        fields = pushing.event_fields(str(given["event"]), str(given.get("key", "")), given.get("list", ()))
        _subscribe(world, openid, given)
    age_s, mode, relay = float(given.get("age_s", 0)), str(given.get("mode", "safe")), bool(given.get("relay"))
    xml = pushing.message(world, openid, fields, age_s=age_s)
    made = pushing.signed(world, xml, openid, age_s=age_s, mode=mode, relay=relay)
    told: dict[str, Any] = {"url": made.url, "body": made.body.decode(), "headers": dict(made.headers)}
    if given.get("deliver") is False or not world.config.callback.url:
        return told | {"status": 0, "reply": ""}
    tries = chain([made], (pushing.signed(world, xml, openid, age_s=age_s, mode=mode, relay=relay) for _ in count()))
    answered = pushing.deliver(world, partial(next, tries))
    return told | {"status": answered.status, "reply": answered.reply}


def _subscribe(world: World, openid: str, given: Mapping[str, Any]) -> None:
    """What a user accepts in the window of a subscription button; `long_term`: any number of notices."""
    left = -1 if given.get("long_term") else 1
    with world.changing() as state:
        mine = state.subscriptions.setdefault(openid, {})
        for item in given.get("list", ()) if str(given["event"]).startswith("subscribe_msg_") else ():
            mine[item["TemplateId"]] = left if item.get("SubscribeStatusString") == "accept" else 0


def clock(world: World, call: Call) -> dict[str, Any]:
    """{advance_s}: time passes; it never goes back."""
    step = float(call.json()["advance_s"])
    if step < 0:
        raise ValueError("advance_s")
    with world.changing() as state:
        state.offset_s += step
        world.tell_clock(state)
        return {"now": world.now(), "offset_s": state.offset_s}


def counts(world: World, call: Call) -> dict[str, int]:
    with world.changing() as state:
        return dict(state.counts)


def faults(world: World, call: Call) -> dict[str, Any]:
    """{path, kind, times}: the next calls of a path go wrong; `/` is every path, `times` 0 mends."""
    given = call.json()
    path, kind, times = str(given["path"]), str(given["kind"]), int(given.get("times", 1))
    if kind not in FAULT_WORDS:
        int(kind)  # else an errcode
    with world.changing() as state:
        state.faults = [each for each in state.faults if each.times > 0 and (times > 0 or each.path != path)]
        if times > 0:
            state.faults.append(Fault(path, kind, times))
        return {"faults": [asdict(each) for each in state.faults]}


def users(world: World, call: Call) -> list[dict[str, Any]]:
    """GET: everybody; POST {openid, name?, follows?, snapshot?, refuses?}: a person, new or changed."""
    with world.changing() as state:
        if call.method == "POST":
            given = dict(call.json())
            known = state.followers.get(given["openid"])
            former = asdict(known) if known else {"name": "", "follows": True}
            state.followers[given["openid"]] = Follower(**{**former, **given})
        return [asdict(each) for each in state.followers.values()]


def invalidate(world: World, call: Call) -> dict[str, Any]:
    """Every token is taken away."""
    tokens.invalidate(world)
    return {}


CONTROLS: Mapping[tuple[str, str], Callable[[World, Call], Any]] = {
    ("GET", "/control/notices"): notices,
    ("POST", "/control/say"): say,
    ("POST", "/control/clock"): clock,
    ("GET", "/control/counts"): counts,
    ("POST", "/control/faults"): faults,
    ("GET", "/control/users"): users,
    ("POST", "/control/users"): users,
    ("POST", "/control/invalidate"): invalidate,
}


def answer(world: World, call: Call) -> tuple[int, Any]:
    """Status and document. A wrong order is 400 and says which field."""
    handler = CONTROLS.get((call.method, call.path))
    if handler is None:
        return 404, {"error": "no such control"}
    try:
        return 200, handler(world, call)
    except ApiFault:
        return 400, {"error": "the body must be a JSON object"}
    except (KeyError, ValueError, TypeError) as error:
        return 400, {"error": f"{type(error).__name__}: {error}"}


def _shown(world: World, sent: Sent) -> dict[str, Any]:
    template = world.template(sent.template_id)
    return {
        "msgid": sent.msgid,
        "openid": sent.openid,
        "kind": sent.kind,
        "template_id": sent.template_id,
        "title": template.title if template else "",
        "labels": dict(template.fields) if template else {},
        "url": sent.url,
        "data": sent.data,
        "at": sent.at,
        "state": sent.became,
    }

"""Access tokens and tickets of the simulated WeChat: how long they live, and what ends one early.

Source: developers.weixin.qq.com, service/api/base/api_getstableaccesstoken and api_getaccesstoken. `stable_token` and
`token` give tokens that know nothing of each other.
"""

from __future__ import annotations

from typing import Any

from wechat.simulator.faults import ApiFault
from wechat.simulator.state import State, Token
from wechat.simulator.world import DAY_S, Call, World, new_word

LIFE_S = 7200
OVERLAP_S = 300
"""So long before its end a token is renewed, and the former one stays good."""
FORCED_A_DAY, FORCED_PAUSE_S = 20, 30


def stable_token(world: World, call: Call) -> dict[str, Any]:
    """In its life the same token however often it is asked for; `force_refresh` ends the former one at once."""
    if call.method != "POST":
        raise ApiFault(43002)
    given = call.json()
    _check_account(world, given)
    with world.changing() as state:
        world.count(state, call.path)
        current = _current(world, state, "stable")
        if given.get("force_refresh") is True:
            current = _forced(world, state, current)
        elif current is None or current.expires_at - world.now() <= OVERLAP_S:
            current = _new(world, state, "stable")
        return _told(world, current)


def token(world: World, call: Call) -> dict[str, Any]:
    """A new token with each call; the former one is good for five minutes more."""
    if call.method != "GET":
        raise ApiFault(43001)
    _check_account(world, call.query)
    with world.changing() as state:
        world.count(state, call.path)
        former = _current(world, state, "token")
        if former is not None:
            former.expires_at = min(former.expires_at, world.now() + OVERLAP_S)
        return _told(world, _new(world, state, "token"))


def ticket(world: World, call: Call) -> dict[str, Any]:
    check(world, call)
    if call.query.get("type") != "jsapi":
        raise ApiFault(40066, "type")
    with world.changing() as state:
        world.count(state, call.path)
        current = _current(world, state, "jsapi")
        if current is None or current.expires_at - world.now() <= OVERLAP_S:
            current = _new(world, state, "jsapi")
        told = {"ticket": current.value, "expires_in": int(current.expires_at - world.now())}
        return {"errcode": 0, "errmsg": "ok", **told}


def check(world: World, call: Call) -> None:
    """Whether the call's access token holds. Raises ApiFault."""
    given = call.query.get("access_token", "")
    if not given:
        raise ApiFault(41001)
    with world.changing() as state:
        found = next((each for each in state.tokens if each.value == given and each.kind != "jsapi"), None)
        if found is None or found.dead:
            raise ApiFault(40001)
        if found.expires_at <= world.now():
            raise ApiFault(42001)
    if world.config.addresses and call.address not in world.config.addresses:
        raise ApiFault(40164, call.address)


def invalidate(world: World) -> None:
    """Take every token away, as when somebody resets the AppSecret or refreshes by force."""
    with world.changing() as state:
        for each in state.tokens:
            each.dead = True


def _check_account(world: World, given: Any) -> None:
    if not given.get("appid"):
        raise ApiFault(41002)
    if not given.get("secret"):
        raise ApiFault(41004)
    if given.get("grant_type") != "client_credential":
        raise ApiFault(40002)
    if given["appid"] != world.config.appid:
        raise ApiFault(40013)
    if given["secret"] != world.config.secret:
        raise ApiFault(40125)


def _current(world: World, state: State, kind: str) -> Token | None:
    live = [each for each in state.tokens if each.kind == kind and not each.dead and each.expires_at > world.now()]
    return live[-1] if live else None


def _forced(world: World, state: State, current: Token | None) -> Token:
    """Too soon after the last time nothing is refreshed; more than twenty a day are refused."""
    now = world.now()
    state.forced = [at for at in state.forced if at > now - DAY_S]
    if current is not None and state.forced and now - state.forced[-1] < FORCED_PAUSE_S:
        return current
    if len(state.forced) >= FORCED_A_DAY:
        raise ApiFault(45009)
    state.forced.append(now)
    for each in state.tokens:
        each.dead = each.dead or each.kind == "stable"
    return _new(world, state, "stable")


def _new(world: World, state: State, kind: str) -> Token:
    now = world.now()
    state.tokens = [each for each in state.tokens if each.expires_at > now - DAY_S]
    made = Token(kind, new_word("" if kind == "jsapi" else "88_", 128), now + LIFE_S)
    state.tokens.append(made)
    return made


def _told(world: World, current: Token) -> dict[str, Any]:
    return {"access_token": current.value, "expires_in": int(current.expires_at - world.now())}

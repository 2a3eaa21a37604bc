"""What the simulated WeChat says of an account's set-up: can it reach us, how much of a quota is left, who follows.

Source: developers.weixin.qq.com, service/api/base/api_callbackcheck; doc/offiaccount/openApi.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from wechat.simulator import tokens
from wechat.simulator.faults import ApiFault
from wechat.simulator.world import DAY_S, Call, World

OPERATORS = ("CHINANET", "UNICOM", "CAP", "DEFAULT")
CLEARED_A_MONTH = 10
OUR_ADDRESSES = ("127.0.0.1",)


def callback_check(world: World, call: Call) -> dict[str, Any]:
    if call.method != "POST":
        raise ApiFault(43002)
    tokens.check(world, call)
    given = call.json()
    if given.get("action") not in ("dns", "ping", "all"):
        raise ApiFault(40202)
    if given.get("check_operator") not in OPERATORS:
        raise ApiFault(40203)
    host = urlsplit(world.config.callback.url).hostname
    if host is None:
        raise ApiFault(40201)
    operator = given["check_operator"] if given["check_operator"] != "DEFAULT" else "CAP"
    told: dict[str, Any] = {}
    if given["action"] in ("dns", "all"):
        told["dns"] = [{"ip": host, "real_operator": "CAP"}]
    if given["action"] in ("ping", "all"):
        ping = {"ip": host, "from_operator": operator, "package_loss": "0%", "time": "1.025ms"}
        told["ping"] = [ping]
    return told


def quota(world: World, call: Call) -> dict[str, Any]:
    """`openapi/quota/get` {cgi_path}."""
    tokens.check(world, call)
    path = str(call.json().get("cgi_path", ""))
    if not path.startswith("/"):
        raise ApiFault(76003)
    if path.startswith("/sns/"):
        raise ApiFault(76022)
    most = world.config.limits.daily.get(path)
    if most is None:
        raise ApiFault(76021)
    with world.changing() as state:
        day, used = state.calls.get(path, (world.day(), 0))
    used = used if day == world.day() else 0
    told = {"daily_limit": most, "used": used, "remain": most - used}
    return {"errcode": 0, "errmsg": "ok", "quota": told}


def clear_quota(world: World, call: Call) -> dict[str, Any]:
    """Ten times a month every daily count begins anew."""
    if call.path.endswith("/v2"):
        if (call.query.get("appid"), call.query.get("appsecret")) != (world.config.appid, world.config.secret):
            raise ApiFault(40013)
    else:
        tokens.check(world, call)
    with world.changing() as state:
        now = world.now()
        state.cleared = [at for at in state.cleared if at > now - 30 * DAY_S]
        if len(state.cleared) >= CLEARED_A_MONTH:
            raise ApiFault(48006)
        state.cleared.append(now)
        state.calls.clear()
    return {"errcode": 0, "errmsg": "ok"}


def rid(world: World, call: Call) -> dict[str, Any]:
    """`openapi/rid/get`: the simulator explains no call, but it knows what a rid looks like."""
    tokens.check(world, call)
    if not re.fullmatch(r"([0-9a-f]{8}-){2}[0-9a-f]{8}", str(call.json().get("rid", ""))):
        raise ApiFault(76003, "rid")
    return {"errcode": 0, "errmsg": "ok", "request": {"invoke_time": int(world.now()), "cost_in_ms": 1}}


def addresses(world: World, call: Call) -> dict[str, Any]:
    """`get_api_domain_ip` and `getcallbackip`."""
    tokens.check(world, call)
    return {"ip_list": list(OUR_ADDRESSES)}


def user(world: World, call: Call) -> dict[str, Any]:
    """`user/info`: of who does not follow WeChat says no more than that."""
    tokens.check(world, call)
    with world.changing() as state:
        follower = state.followers.get(call.query.get("openid", ""))
    if follower is None:
        raise ApiFault(40003)
    told: dict[str, Any] = {"subscribe": int(follower.follows), "openid": follower.openid}
    return told | ({"language": "zh_CN", "subscribe_time": 1_700_000_000} if follower.follows else {})

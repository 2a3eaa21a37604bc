"""Web authorisation of the simulated WeChat: the page that asks who looks, the code, and what the code is good for.

Source: developers.weixin.qq.com, service/api/webdev/access/api_snsaccesstoken; "网页授权"; "快照页".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from wechat.simulator.faults import ApiFault
from wechat.simulator.state import Code, Follower
from wechat.simulator.world import Call, World, new_word

CODE_LIFE_S = 300
SCOPES = ("snsapi_base", "snsapi_userinfo")
STATE = re.compile(r"[a-zA-Z0-9]{0,128}")


@dataclass(frozen=True)
class Refused(Exception):
    """The page that WeChat shows in place of ours; `errcode` is WeChat's, e.g. 10003."""

    errcode: int
    words: str


def authorize(world: World, call: Call) -> tuple[str, str]:
    """Where the browser is sent, or a page: to choose a person, or one that asks for the callback twice with two codes
    of the same state. The other of the two is empty. Raises Refused."""
    redirect = _redirect(world, call)
    openid = call.query.get("as")
    if not openid:
        return "", _page(world, call)
    with world.changing() as state:
        follower = world.follower(state, openid)
        codes = [_code(world, follower, call.query["scope"]) for _ in range(2 if call.fault == "double" else 1)]
    places = [_with(redirect, code, call.query.get("state", "")) for code in codes]
    return (places[0], "") if len(places) == 1 else ("", _twice(*places))


def access_token(world: World, call: Call) -> dict[str, Any]:
    """What `/sns/oauth2/access_token` says of a code. A code is good once and for five minutes. Raises ApiFault."""
    query = call.query
    for name, missing in (("appid", 41002), ("secret", 41004), ("code", 41008)):
        if not query.get(name):
            raise ApiFault(missing)
    if query.get("grant_type") != "authorization_code":
        raise ApiFault(40002)
    if query["appid"] != world.config.appid:
        raise ApiFault(40013)
    if query["secret"] != world.config.secret:
        raise ApiFault(40125)
    with world.changing() as state:
        world.count(state, call.path)
        code = state.codes.get(query["code"])
        if code is None or code.expires_at <= world.now():
            raise ApiFault(40029)
        if code.used:
            raise ApiFault(40163)
        code.used = True
    told: dict[str, Any] = {
        "access_token": new_word("88_", 96),
        "expires_in": 7200,
        "refresh_token": new_word("88_", 96),
        "openid": code.openid,
        "scope": code.scope,
    }
    if code.snapshot:
        told |= {"openid": new_word("oV", 28), "is_snapshotuser": 1}
    return told


def _redirect(world: World, call: Call) -> str:
    query = call.query
    if query.get("appid") != world.config.appid:
        raise Refused(10012, "appid 参数错误")
    if query.get("response_type") != "code" or query.get("scope") not in SCOPES:
        raise Refused(10005, "scope 参数错误或没有 scope 权限")
    if not STATE.fullmatch(query.get("state", "")):
        raise Refused(10015, "state 参数错误")
    redirect = query.get("redirect_uri", "")
    parts = urlsplit(redirect)
    if parts.scheme not in ("http", "https") or parts.netloc not in world.config.domains:
        raise Refused(10003, "redirect_uri 域名与后台配置不一致")
    return redirect


def _code(world: World, follower: Follower, scope: str) -> str:
    """Inside `changing`."""
    with world.changing() as state:
        now = world.now()
        state.codes = {text: each for text, each in state.codes.items() if each.expires_at > now - CODE_LIFE_S}
        code = new_word("0", 32)
        state.codes[code] = Code(follower.openid, scope, follower.snapshot, now + CODE_LIFE_S)
        return code


def _with(redirect: str, code: str, state: str) -> str:
    """The redirect address with the code and the state behind what its query holds already."""
    parts = urlsplit(redirect)
    query = "&".join(text for text in (parts.query, urlencode({"code": code, "state": state})) if text)
    return urlunsplit(parts._replace(query=query, fragment=""))


_HEAD = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>模拟微信</title>'
    "<style>body{font:18px/1.6 sans-serif;margin:2rem auto;max-width:24rem;padding:0 1rem}"
    "a{display:block;padding:.8rem;margin:.6rem 0;border:1px solid #07c160;border-radius:8px;color:#067d3f}"
    "small{color:#555}</style>"
)


def _page(world: World, call: Call) -> str:
    """Who looks? WeChat knows; here somebody chooses."""
    own = {name: value for name, value in call.query.items() if name != "as"}
    with world.changing() as state:
        people = [*state.followers.values(), Follower(new_word("oNew", 28), "一位新用户", follows=False)]
    links = "".join(
        f'<a href="{escape(f"{call.path}?{urlencode(own, quote_via=quote)}&as={quote(each.openid)}")}">'
        f"{escape(each.name)}{'（快照页）' if each.snapshot else ''} <small>{escape(each.openid)}</small></a>"
        for each in people
    )
    return f"{_HEAD}<h1>模拟微信</h1><p>{escape(world.config.name)} 申请知道您是谁。以谁的身份继续？</p>{links}"


def refused_page(refused: Refused) -> str:
    return f"{_HEAD}<h1>{escape(refused.words)}</h1><p>错误码 {refused.errcode}</p>"


def _twice(first: str, second: str) -> str:
    """As WeChat's browser does at times: the callback is asked for twice in one second, with two codes."""
    one, other = (text.replace("\\", "").replace('"', "%22").replace("<", "%3C") for text in (first, second))
    return f'{_HEAD}<script>location.href="{one}";setTimeout(function(){{location.href="{other}"}},150)</script>'

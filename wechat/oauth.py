"""Web authorisation: the address that asks WeChat who looks, and the exchange of the code for an openid.

Only `snsapi_base` is asked for: it is silent, and `snsapi_userinfo` without need leads to snapshot pages.
Source: developers.weixin.qq.com, service/api/webdev/access/api_snsaccesstoken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

from wechat.account import Credentials
from wechat.door import Door
from wechat.errors import WechatUnknown


@dataclass(frozen=True)
class Looker:
    """Who looks at our page. `is_snapshot`: at a snapshot of it, and the openid is nobody's."""

    openid: str = field(repr=False)
    is_snapshot: bool


def authorize_url(open_url: str, appid: str, redirect_uri: str, state: str) -> str:
    """WeChat wants this order of parameters and the fragment at the end. `state`: at most 128 letters and digits."""
    query = f"appid={quote(appid)}&redirect_uri={quote(redirect_uri, safe='')}&response_type=code&scope=snsapi_base"
    return f"{open_url}/connect/oauth2/authorize?{query}&state={quote(state)}#wechat_redirect"


def exchange(door: Door, credentials: Credentials, code: str) -> Looker:
    """Raises CodeSpent for a code that was used or is too old, CallError."""
    query = {"appid": credentials.appid, "secret": credentials.secret, "code": code}
    told = door.get("/sns/oauth2/access_token", {**query, "grant_type": "authorization_code"})
    openid = told.get("openid")
    if not isinstance(openid, str) or not openid:
        raise WechatUnknown(0, "not an answer of WeChat")
    return Looker(openid, told.get("is_snapshotuser") == 1)

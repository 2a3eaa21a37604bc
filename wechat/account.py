"""The official account: calls that need its access token, and wechatpy's thin calls on top of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from wechatpy.client import WeChatClient

from wechat.door import Door
from wechat.errors import TokenRefused, WechatUnknown

MOST_TRIES = 3
"""With the token at hand, with one that another process fetched meanwhile, with one fetched for this call."""


class Token(Protocol):
    """As `tokens.SharedToken`."""

    def current(self) -> str: ...

    def refused(self, token: str) -> str: ...


@dataclass(frozen=True)
class OfficialAccount:
    """Every call raises CallError."""

    door: Door
    token: Token

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        return self._call(path, query or {}, None)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._call(path, {}, body)

    def _call(self, path: str, query: Mapping[str, str], body: Mapping[str, Any] | None) -> dict[str, Any]:
        token = self.token.current()
        for tries in range(1, MOST_TRIES + 1):
            asked = {**query, "access_token": token}
            try:
                return self.door.get(path, asked) if body is None else self.door.post(path, asked, body)
            except TokenRefused:
                if tries == MOST_TRIES:
                    raise
                token = self.token.refused(token)
        raise AssertionError("unreachable")


class Client(WeChatClient):  # type: ignore[misc]
    """wechatpy's client on our door: of it only the thin calls are used (`menu`, `user`, `jsapi`'s signature).

    Its own request method asks a fixed address for tokens, sends again without end, and prints the secret.
    """

    def __init__(self, account: OfficialAccount, appid: str) -> None:
        super().__init__(appid, "", access_token="kept-elsewhere", auto_retry=False)  # noqa: S106 - no token
        self._account = account

    def _request(self, method: str, url_or_endpoint: str, **options: Any) -> Any:
        path = f"/cgi-bin/{url_or_endpoint}"
        if method == "get":
            return self._account.get(path, options.get("params"))
        return self._account.post(path, options.get("data") or {})


@dataclass(frozen=True)
class Credentials:
    """`secret` is empty where a central service of the hospital keeps it."""

    appid: str
    secret: str = field(default="", repr=False)


def fetch_stable_token(door: Door, credentials: Credentials) -> tuple[str, int]:
    """In normal mode. Raises CallError."""
    body = {
        "grant_type": "client_credential",
        "appid": credentials.appid,
        "secret": credentials.secret,
        "force_refresh": False,
    }
    return _token_in(door.post("/cgi-bin/stable_token", {}, body), "access_token")


def fetch_from_centre(door: Door, secret: str) -> tuple[str, int]:
    """From a central service of the hospital, which answers as WeChat does. Raises CallError."""
    return _token_in(door.get("", {}, {"Authorization": f"Bearer {secret}"}), "access_token")


def fetch_ticket(account: OfficialAccount) -> tuple[str, int]:
    """The ticket that signs pages for WeChat's scripts. Raises CallError."""
    return _token_in(account.get("/cgi-bin/ticket/getticket", {"type": "jsapi"}), "ticket")


def _token_in(told: Mapping[str, Any], name: str) -> tuple[str, int]:
    value, life_s = told.get(name), told.get("expires_in")
    if not isinstance(value, str) or not value or not isinstance(life_s, int) or life_s <= 0:
        raise WechatUnknown(0, "not an answer of WeChat")
    return value, life_s

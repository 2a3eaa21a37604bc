"""A simulated WeChat on loopback, and how a test talks to it: as the product, a browser, or the world."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from wechat.simulator.config import Callback, Config, Template, User
from wechat.simulator.server import serving
from wechat.simulator.world import World

APPID, SECRET = "wx00000000000000ff", "secret-of-the-test"
TOKEN, AES_KEY = "TokenOfTheTest", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
LI, SNAP = "oLi0000000000000000000000001", "oSnap00000000000000000000001"
READY = Template(
    "tpl-ready",
    "检查影像查看通知",
    {"thing1": "检查项目", "time2": "检查时间", "const3": "状态"},
    {"const3": ("已可查看",)},
)
CONFIG = Config(
    appid=APPID,
    secret=SECRET,
    domains=("film.test",),
    users=(User(LI, "李娜"), User(SNAP, "快照", snapshot=True)),
    templates=(READY,),
    callback=Callback(token=TOKEN, aes_key=AES_KEY),
)


@dataclass
class Moved:
    """A clock that a test moves: epoch seconds."""

    at: float = 1_772_413_200.0

    def now(self) -> float:
        return self.at


@dataclass
class Wechat:
    """A served world; `ask` is any HTTP client."""

    base: str
    world: World
    clock: Moved
    seen: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, body: Any = None, **query: str) -> Any:
        """The JSON that one call is answered with; POST when there is a body."""
        status, text, _ = self.fetch(path, body, **query)
        assert status == 200, (status, text)
        return json.loads(text)

    def fetch(self, path: str, body: Any = None, **query: str) -> tuple[int, str, str]:
        """Status, body and Location of one call."""
        connection = HTTPConnection(urlsplit(self.base).netloc, timeout=10)
        try:
            target = f"{path}?{urlencode(query)}" if query else path
            data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.request("POST" if body is not None else "GET", target, data)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.getheader("Location", "")
        finally:
            connection.close()

    def stable_token(self, **more: Any) -> Any:
        given = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, **more}
        return self.ask("/cgi-bin/stable_token", given)

    def authorize(self, openid: str = LI, **changes: str) -> tuple[int, str, str]:
        query = {
            "appid": APPID,
            "redirect_uri": "https://film.test/wx/callback",
            "response_type": "code",
            "scope": "snsapi_base",
            "state": "abc123",
            **({"as": openid} if openid else {}),
            **changes,
        }
        return self.fetch("/connect/oauth2/authorize", **query)

    def code(self, openid: str = LI) -> str:
        status, _, location = self.authorize(openid)
        assert status == 302
        return parse_qs(urlsplit(location).query)["code"][0]

    def exchange(self, code: str, **changes: str) -> Any:
        query = {"appid": APPID, "secret": SECRET, "code": code, "grant_type": "authorization_code", **changes}
        return self.ask("/sns/oauth2/access_token", **query)

    def send(self, openid: str = LI, token: str = "", **changes: Any) -> Any:
        data = {"thing1": "影像检查", "time2": "2026-03-02 08:30", "const3": "已可查看"}
        body = {
            "touser": openid,
            "template_id": READY.template_id,
            "url": "https://film.test/s/x",
            "data": {key: {"value": value} for key, value in {**data, **changes.pop("data", {})}.items()},
            **changes,
        }
        return self.ask(
            "/cgi-bin/message/template/send", body, access_token=token or self.stable_token()["access_token"]
        )


@contextmanager
def wechat(config: Config = CONFIG, path: Path | None = None, **callback: Any) -> Iterator[Wechat]:
    """A world that runs; `callback`: changes to its callback."""
    clock = Moved()
    world = World(replace(config, callback=replace(config.callback, **callback)), path, clock.now)
    with serving(world) as base:
        yield Wechat(base, world, clock)

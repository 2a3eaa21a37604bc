"""Whoever plays the world around a simulated WeChat: makes followers, reads notices, orders faults.

Talks to a simulator over HTTP, or to one inside this process (`in_process`). Only for demos and tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests

from wechat.simulator.server import answer, call_of
from wechat.simulator.world import World

IN_PROCESS = "http://wechat.simulated"


@dataclass(frozen=True)
class ShownNotice:
    """A notice as the follower sees it. `fields`: (label, value) pairs."""

    title: str
    fields: tuple[tuple[str, str], ...] = field(repr=False)
    url: str = field(repr=False)
    at: datetime
    state: str


@dataclass(frozen=True)
class Player:
    """`base_url`: of the simulator."""

    base_url: str
    session: requests.Session = field(default_factory=requests.Session, repr=False)

    def follow(self, openid: str, name: str = "") -> None:
        self._post("/control/users", {"openid": openid, "follows": True, **({"name": name} if name else {})})

    def unfollow(self, openid: str) -> None:
        self._post("/control/users", {"openid": openid, "follows": False})

    def snapshot(self, openid: str, name: str) -> None:
        """A user who looks at snapshot pages."""
        self._post("/control/users", {"openid": openid, "name": name, "snapshot": True})

    def users(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = self._get("/control/users", {})
        return told

    def order(self, path: str, kind: str, times: int = 1) -> None:
        """A fault for the next calls of a path."""
        self._post("/control/faults", {"path": path, "kind": kind, "times": times})

    def notices(self, openid: str) -> list[ShownNotice]:
        """All notices of a follower, oldest first."""
        return [
            ShownNotice(
                each["title"],
                tuple((label, each["data"][key]) for key, label in each["labels"].items()),
                each["url"],
                datetime.fromtimestamp(each["at"], UTC),
                each["state"],
            )
            for each in self._get("/control/notices", {"openid": openid})
        ]

    def _get(self, path: str, query: Mapping[str, str]) -> Any:
        answer = self.session.get(self.base_url + path, params=query, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = self.session.post(self.base_url + path, json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()


class InProcess(requests.adapters.BaseAdapter):
    """Answers the requests of a session from a world in this process, without a socket."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        body = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
        made = answer(self.world, call_of(request.method or "GET", request.path_url, body, "127.0.0.1"))
        if made.is_lost:
            raise requests.ReadTimeout(request=request)
        response = requests.Response()
        response.status_code, response._content, response.url = made.status, made.body, request.url or ""
        response.headers["Content-Type"], response.request = made.kind, request
        if made.location:
            response.headers["Location"] = made.location
        return response

    def close(self) -> None:
        """Nothing is open."""


def in_process(world: World) -> requests.Session:
    """A session that finds the world at IN_PROCESS, and nothing else."""
    session = requests.Session()
    session.adapters.clear()
    session.mount(IN_PROCESS, InProcess(world))
    return session

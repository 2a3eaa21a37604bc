"""What the simulated WeChat is set up with: the account, its users, its templates, its callback, its limits.

A config is one JSON document with the names of these fields; what is left out has the default below.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MODES = ("plain", "compat", "safe")
"""明文模式, 兼容模式, 安全模式."""


@dataclass(frozen=True)
class User:
    """`snapshot`: this user looks at snapshot pages (快照页), which have virtual openids."""

    openid: str
    name: str
    follows: bool = True
    snapshot: bool = False


@dataclass(frozen=True)
class Template:
    """A template that the account has. `fields`: key -> label; `values`: the approved values of a `const` field."""

    template_id: str
    title: str
    fields: Mapping[str, str]
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Callback:
    """Where messages and events are pushed; nowhere without `url`. `aes_key`: EncodingAESKey, 43 characters.

    `relay_secret`: set when another vendor's system receives the pushes and forwards them.
    """

    url: str = ""
    token: str = field(default="", repr=False)
    aes_key: str = field(default="", repr=False)
    mode: str = "safe"
    relay_secret: str = field(default="", repr=False)
    timeout_s: float = 5.0


@dataclass(frozen=True)
class Limits:
    """`daily`: path -> calls a day; `per_minute`: path -> calls a minute. `notices_to_one`: notices a minute to one
    openid, more are 43117; WeChat does not publish its figure. `notices_at_once`: a second, more are -1."""

    daily: Mapping[str, int] = field(
        default_factory=lambda: {
            "/cgi-bin/token": 2_000,
            "/cgi-bin/stable_token": 500_000,
            "/cgi-bin/message/template/send": 100_000,
            "/cgi-bin/message/subscribe/bizsend": 100_000,
            "/cgi-bin/ticket/getticket": 1_000_000,
            "/cgi-bin/menu/create": 1_000,
            "/cgi-bin/menu/get": 10_000,
        }
    )
    per_minute: Mapping[str, int] = field(
        default_factory=lambda: {"/cgi-bin/stable_token": 10_000, "/sns/oauth2/access_token": 50_000}
    )
    notices_to_one: int = 30
    notices_at_once: int = 200


@dataclass(frozen=True)
class Config:
    """`domains`: hosts that web authorisation may lead back to (网页授权域名), with port where it is not the usual one.
    `addresses`: the IP white-list; empty lets everybody in."""

    appid: str = "wx0000000000000001"
    secret: str = field(default="simulated-secret", repr=False)
    original_id: str = "gh_000000000001"
    name: str = "模拟服务号"
    domains: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    users: tuple[User, ...] = ()
    templates: tuple[Template, ...] = ()
    callback: Callback = field(default_factory=Callback)
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def from_json(cls, text: str) -> Config:
        """Raises ValueError, TypeError for a document that is no config."""
        given: dict[str, Any] = json.loads(text)
        users, callback = given.pop("users", ()), given.pop("callback", {})
        templates: list[Template] = [
            Template(**{**each, "values": {key: tuple(words) for key, words in each.get("values", {}).items()}})
            for each in given.pop("templates", ())
        ]
        limits = given.pop("limits", {})
        usual = Limits()
        plain: dict[str, Any] = {n: tuple(each) if isinstance(each, list) else each for n, each in given.items()}
        config = cls(
            users=tuple(User(**each) for each in users),
            templates=tuple(templates),
            callback=Callback(**callback),
            limits=Limits(
                daily={**usual.daily, **limits.pop("daily", {})},
                per_minute={**usual.per_minute, **limits.pop("per_minute", {})},
                **limits,
            ),
            **plain,
        )
        if config.callback.mode not in MODES:
            raise ValueError(f"callback.mode must be one of {', '.join(MODES)}")
        return config

    @classmethod
    def from_file(cls, path: Path) -> Config:
        return cls.from_json(path.read_text(encoding="utf-8"))

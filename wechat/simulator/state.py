"""What the simulated WeChat remembers: tokens, codes, followers, notices, calls, faults. One JSON file, or memory only.

The file is written as a whole after each change and replaced at once, so that a kill leaves the former or the new one.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

MOST_NOTICES = 5_000
"""The oldest are forgotten first."""


@dataclass
class Follower:
    openid: str
    name: str
    follows: bool
    snapshot: bool = False
    refuses: bool = False
    """The owner set the account not to disturb: notices are 43101."""


@dataclass
class Token:
    """`kind`: stable, token or jsapi. `dead`: another one took its place, or it was taken away."""

    kind: str
    value: str
    expires_at: float
    dead: bool = False


@dataclass
class Code:
    openid: str
    scope: str
    snapshot: bool
    expires_at: float
    used: bool = False


@dataclass
class Sent:
    """A notice. `became`: accepted, delivered or failed; `pushed`: the event that says so was taken."""

    msgid: int
    openid: str
    template_id: str
    url: str
    data: dict[str, str]
    at: float
    kind: str
    client_msg_id: str = ""
    became: str = "accepted"
    status: str = "success"
    tries: int = 0
    pushed: bool = False


@dataclass
class Fault:
    path: str
    kind: str
    times: int


@dataclass
class State:
    """`offset_s`: how far the clock was moved. `calls`: path -> (day, number); `minutes`: path -> (minute, number).
    `subscriptions`: openid -> template id -> notices left (-1: any number, a long-term subscription)."""

    offset_s: float = 0.0
    last_msgid: int = 3_000_000_000_000_000_000
    forced: list[float] = field(default_factory=list)
    cleared: list[float] = field(default_factory=list)
    followers: dict[str, Follower] = field(default_factory=dict)
    tokens: list[Token] = field(default_factory=list)
    codes: dict[str, Code] = field(default_factory=dict)
    notices: list[Sent] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    calls: dict[str, tuple[int, int]] = field(default_factory=dict)
    minutes: dict[str, tuple[int, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    subscriptions: dict[str, dict[str, int]] = field(default_factory=dict)
    menu: dict[str, Any] | None = None

    def save(self, path: Path) -> None:
        del self.notices[:-MOST_NOTICES]
        text = json.dumps(asdict(self), ensure_ascii=False)
        beside = path.with_name(f"{path.name}.{os.getpid()}.new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)

    @classmethod
    def load(cls, path: Path) -> State:
        """What was saved; a fresh state when there is no file."""
        if not path.exists():
            return cls()
        saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            **{
                **saved,
                "followers": {openid: Follower(**each) for openid, each in saved["followers"].items()},
                "tokens": [Token(**each) for each in saved["tokens"]],
                "codes": {code: Code(**each) for code, each in saved["codes"].items()},
                "notices": [Sent(**each) for each in saved["notices"]],
                "faults": [Fault(**each) for each in saved["faults"]],
                "calls": {name: (each[0], each[1]) for name, each in saved["calls"].items()},
                "minutes": {name: (each[0], each[1]) for name, each in saved["minutes"].items()},
            }
        )

"""One simulated account: its config, its state behind one lock, its clock. The calls are in the other modules."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wechat.simulator.config import Config, Template
from wechat.simulator.faults import ApiFault
from wechat.simulator.state import Follower, State

CHINA_S = 8 * 3600
DAY_S = 86400


@dataclass(frozen=True)
class Call:
    """A request as the handlers read it. `document`: the body, when it is a JSON object. `fault`: its kind, when
    somebody ordered one for this call."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    document: Mapping[str, Any] | None = None
    address: str = "127.0.0.1"
    fault: str = ""

    def json(self) -> Mapping[str, Any]:
        """Raises ApiFault for a body that is no JSON object."""
        if self.document is None:
            raise ApiFault(47001)
        return self.document


@dataclass
class World:
    """`path`: the file that keeps the state, or None. `base_now`: epoch seconds before the clock was moved."""

    config: Config
    path: Path | None = None
    base_now: Callable[[], float] = time.time
    clock_file: Path | None = None
    """Gets the offset of the clock in seconds, for programs that live by the same time."""
    _state: State = field(init=False)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._state = State.load(self.path) if self.path else State()
        for user in self.config.users:
            self._state.followers.setdefault(user.openid, Follower(user.openid, user.name, user.follows, user.snapshot))
        self.tell_clock(self._state)

    @contextmanager
    def changing(self) -> Iterator[State]:
        """The state, alone, and kept afterwards; also after an ApiFault, because a refused call counts as well."""
        with self._lock:
            try:
                yield self._state
            finally:
                if self.path:
                    self._state.save(self.path)

    def now(self) -> float:
        return self.base_now() + self._state.offset_s

    def day(self) -> int:
        """The day in China: daily quotas begin anew with it."""
        return int(self.now() + CHINA_S) // DAY_S

    def tell_clock(self, state: State) -> None:
        if self.clock_file is not None:
            beside = self.clock_file.with_name(f"{self.clock_file.name}.new")
            beside.write_text(repr(state.offset_s), encoding="ascii")
            beside.replace(self.clock_file)

    def template(self, template_id: str) -> Template | None:
        return next((each for each in self.config.templates if each.template_id == template_id), None)

    def follower(self, state: State, openid: str) -> Follower:
        """Who is not known yet comes as a new follower."""
        if openid not in state.followers:
            state.followers[openid] = Follower(openid, f"新关注 {openid[-4:]}", follows=True)
        return state.followers[openid]

    def count(self, state: State, path: str) -> None:
        """Count a call against the quotas of its path. Raises ApiFault when one is used up."""
        limits, minute = self.config.limits, int(self.now()) // 60
        for kept, unit, most, errcode in (
            (state.minutes, minute, limits.per_minute.get(path), 45011),
            (state.calls, self.day(), limits.daily.get(path), 45009),
        ):
            then, number = kept.get(path, (unit, 0))
            number = number if then == unit else 0
            if most is not None and number >= most:
                raise ApiFault(errcode)
            kept[path] = (unit, number + 1)

    def take_fault(self, path: str) -> str:
        """The kind of a fault that somebody ordered for this path, once less from now on; empty for none."""
        with self.changing() as state:
            for fault in state.faults:
                if fault.times > 0 and fault.path in (path, "/"):
                    fault.times -= 1
                    return fault.kind
            return ""


def new_word(prefix: str = "", length: int = 32) -> str:
    """Letters, digits, `-` and `_`, as in WeChat's tokens and codes."""
    return prefix + secrets.token_urlsafe(length)[:length]

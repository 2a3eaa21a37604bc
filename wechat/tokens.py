"""Access token and ticket: fetched once in their life by one of all processes, and used by all of them.

Where they are kept, so that processes share them, is the caller's business (`Shelf`). Only the normal mode of
`stable_token` is used: nobody's token ends by it. Source: facts of developers.weixin.qq.com, api_getstableaccesstoken.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from wechat.errors import CallError, TokenStuck, WechatRetryLater

MARGIN = timedelta(seconds=300)
"""In the last five minutes WeChat hands out the next token, and this one stays good."""
LEASE = timedelta(seconds=30)
"""Longer than a fetch may take: who claimed it and says nothing for so long is dead."""
STUCK = timedelta(minutes=10)
"""So long nobody asks again after WeChat handed out a token that it does not take."""
PATIENCE_S, POLL_S = 20.0, 0.05
PAUSE_AFTER_FAULT_S = 2.0


@dataclass(frozen=True)
class Kept:
    """`refused_at`: when WeChat handed it out again although it did not take it."""

    value: str = field(repr=False)
    expires_at: datetime
    refused_at: datetime | None = None


class Shelf(Protocol):
    """Where one token lies for all processes."""

    def read(self) -> Kept | None: ...

    def claim(self, until: datetime) -> bool:
        """True for one caller, until it keeps or drops, or until that time."""

    def keep(self, kept: Kept) -> None:
        """Put it down, and end the claim."""

    def drop(self) -> None:
        """End the claim without a token."""


Fetch = Callable[[], tuple[str, int]]
"""Asks WeChat: the token, and for how many seconds it is good. Raises CallError."""


@dataclass
class SharedToken:
    """`current` is asked before each call, `refused` after a call that was refused because of the token."""

    shelf: Shelf
    fetch: Fetch
    now: Callable[[], datetime]
    alarm: Callable[[], None]
    """Called once when the token is stuck."""
    _seen: Kept | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _fault: tuple[float, CallError] | None = None

    def current(self) -> str:
        """A token that is good for some minutes. Raises CallError."""
        seen = self._seen
        if seen is not None and self._is_good(seen, None):
            return seen.value
        return self._renewed(None)

    def refused(self, token: str) -> str:
        """Another token in place of one that WeChat refused. Raises TokenStuck when WeChat has no other."""
        self._seen = None
        return self._renewed(token)

    def _is_good(self, kept: Kept, bad: str | None) -> bool:
        return kept.value != bad and self.now() < kept.expires_at - MARGIN

    def _renewed(self, bad: str | None) -> str:
        with self._lock:  # one thread of a process asks the shelf; the others find what it saw
            if bad is None and self._seen is not None and self._is_good(self._seen, None):
                return self._seen.value
            until = time.monotonic() + PATIENCE_S
            while True:
                kept = self.shelf.read()
                if kept is not None and self._is_good(kept, bad):
                    self._seen = kept
                    return kept.value
                self._stop_when_stuck(kept, bad)
                if self.shelf.claim(self.now() + LEASE):
                    return self._fetched(bad)
                if kept is not None and kept.value != bad and self.now() < kept.expires_at:
                    return kept.value  # somebody renews it, and it is good until then
                if time.monotonic() > until:
                    raise WechatRetryLater(0, "no token")
                time.sleep(POLL_S)

    def _stop_when_stuck(self, kept: Kept | None, bad: str | None) -> None:
        if kept is not None and kept.refused_at is not None and abs(self.now() - kept.refused_at) < STUCK:
            raise TokenStuck(0, "WeChat hands out a token that it does not take")
        if self._fault is not None and time.monotonic() < self._fault[0] + PAUSE_AFTER_FAULT_S:
            raise self._fault[1]

    def _fetched(self, bad: str | None) -> str:
        """With the claim. A crash in between only leaves the claim, which ends by itself."""
        try:
            value, life_s = self.fetch()
        except CallError as error:
            self.shelf.drop()
            self._fault = (time.monotonic(), error)
            raise
        now = self.now()
        is_stuck = value == bad
        kept = Kept(value, now + timedelta(seconds=life_s), now if is_stuck else None)
        self.shelf.keep(kept)
        if is_stuck:
            self.alarm()
            raise TokenStuck(0, "WeChat hands out a token that it does not take")
        self._seen = kept
        return value

"""Asks all parts at the same time whether they answer, waits for a bounded time, and keeps a fresh answer for a moment.

A part that hangs holds only one thread, however often /readyz is asked. app/bootstrap names the parts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from enum import StrEnum

import structlog

log = structlog.get_logger(__name__)

ANSWER_S = 3.0
FRESH_S = 3.0


class PartState(StrEnum):
    OK = "ok"
    FAILED = "failed"


class Readiness:
    def __init__(self, probes: Mapping[str, Callable[[], None]]) -> None:
        self._parts = [_Part(name, probe) for name, probe in probes.items()]

    def states(self) -> dict[str, PartState]:
        """The state of each part, by its name."""
        until = time.monotonic() + ANSWER_S
        asked = [(part, part.asked()) for part in self._parts]
        return {
            part.name: part.state if done.wait(until - time.monotonic()) else PartState.FAILED for part, done in asked
        }


class _Part:
    def __init__(self, name: str, probe: Callable[[], None]) -> None:
        self.name = name
        self.state = PartState.FAILED
        self._probe = probe
        self._lock = threading.Lock()
        self._done: threading.Event | None = None
        self._fresh_until = 0.0

    def asked(self) -> threading.Event:
        """An event that is set as soon as `state` holds a fresh answer."""
        with self._lock:
            if self._done and (not self._done.is_set() or time.monotonic() < self._fresh_until):
                return self._done
            done = threading.Event()
            threading.Thread(target=self._ask, args=(done,), name=f"probe {self.name}", daemon=True).start()
            self._done = done  # set after the thread runs: when no thread can start, the next caller tries again
            return done

    def _ask(self, done: threading.Event) -> None:
        try:
            self._probe()
            self.state = PartState.OK
        except Exception as error:
            self.state = PartState.FAILED
            log.warning("not ready", part=self.name, exc_info=error)
        finally:
            self._fresh_until = time.monotonic() + FRESH_S
            done.set()

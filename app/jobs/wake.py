"""Wakes workers at once through dramatiq. It carries no work: a lost wake costs one poll interval.

Embedded: the stub broker, in this process. With Redis: every worker process listens.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import dramatiq
import redis
import structlog
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker

log = structlog.get_logger(__name__)

QUEUE = "wake"
AGE_LIMIT_MS = 5_000
ANSWER_S = 2
SILENCE_S = 60.0
"""How long a broker that did not answer is left alone. Otherwise each request would wait for it."""


class Waker:
    """`wake()` may be called from any process; `listen` connects a worker's own `wake`."""

    def __init__(self, redis_url: str = "") -> None:
        middleware: list[dramatiq.Middleware] = [dramatiq.middleware.AgeLimit(max_age=AGE_LIMIT_MS)]
        self.is_embedded = not redis_url
        self._broker: Any = StubBroker(middleware) if self.is_embedded else _redis(redis_url, middleware)
        self._wakes: list[Callable[[], None]] = []
        self._actor = dramatiq.Actor(
            self._woken, broker=self._broker, actor_name="wake", queue_name=QUEUE, priority=0, options={}
        )
        self._listener: dramatiq.Worker | None = None
        self._silent_until = 0.0

    def wake(self) -> None:
        """Tell the workers that rows wait. Never fails: they poll anyway."""
        if self.is_embedded and self._listener is None:
            return  # the worker is another process, which the stub broker does not reach
        if time.monotonic() < self._silent_until:
            return
        try:
            self._actor.send()
        except Exception as error:
            self._silent_until = time.monotonic() + SILENCE_S
            log.warning("workers were not woken", exc_info=error)

    def listen(self, woken: Callable[[], None]) -> None:
        """Call `woken` in a thread of this process at each wake."""
        self._wakes.append(woken)
        if self._listener is None:
            self._listener = dramatiq.Worker(self._broker, worker_threads=1, worker_timeout=100)
            self._listener.start()

    def probe(self) -> None:
        """Raises when Redis does not answer; the embedded stand-in always does."""
        if not self.is_embedded:
            self._broker.client.ping()

    def close(self) -> None:
        if self._listener is not None:
            self._listener.stop()
            self._listener = None
        self._broker.close()

    def _woken(self) -> None:
        for woken in self._wakes:
            woken()


def _redis(url: str, middleware: list[dramatiq.Middleware]) -> dramatiq.Broker:
    client = redis.Redis.from_url(url, socket_connect_timeout=ANSWER_S, socket_timeout=ANSWER_S)
    return RedisBroker(client=client, middleware=middleware)  # type: ignore[no-untyped-call]

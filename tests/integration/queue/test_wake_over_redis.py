"""Waking workers of other processes through a real Redis (Debian's redis-server), and what happens without it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisAway

from app.jobs import wake
from app.jobs.wake import Waker
from deploy.testbed.processes import free_port, listening, started
from tests.factories.house import services

PROGRAM = shutil.which("redis-server")


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with started([str(PROGRAM), *options], tmp_path / "redis.log", {}, listening(port)):
        yield f"redis://127.0.0.1:{port}/0"


@pytest.mark.server
@pytest.mark.skipif(PROGRAM is None, reason="Debian's redis-server is missing")
def test_a_worker_of_another_process_is_woken(redis_url: str) -> None:
    worker, web = Waker(redis_url), Waker(redis_url)
    woken = threading.Event()
    worker.probe()
    worker.listen(woken.set)
    web.wake()
    assert woken.wait(10)
    worker.close()
    web.close()


def test_readiness_tells_that_redis_is_away_and_waking_never_fails(tmp_path: Path) -> None:
    house = services(tmp_path, redis_url="redis://127.0.0.1:1/0")
    with pytest.raises(RedisAway):
        house.probes()["redis"]()
    house.waker.wake()
    house.waker.close()


def test_a_redis_that_does_not_answer_is_not_asked_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    waker, asked, now = Waker("redis://127.0.0.1:1/0"), [], 1000.0
    monkeypatch.setattr(wake.time, "monotonic", lambda: now)

    def send() -> None:
        asked.append(now)
        raise RedisAway

    monkeypatch.setattr(waker._actor, "send", send)
    waker.wake()
    waker.wake()
    assert asked == [1000.0]
    now += wake.SILENCE_S
    waker.wake()
    assert asked == [1000.0, now]
    waker.close()


def test_without_redis_nobody_asks_for_it(tmp_path: Path) -> None:
    house = services(tmp_path)
    assert "redis" not in house.probes()
    house.waker.wake()

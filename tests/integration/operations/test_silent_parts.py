"""Parts outside this process that accept and never answer: nobody waits long for them, however often they are asked."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from app.bootstrap import outside
from app.database import Database
from app.errors import DatabaseUnavailable, StoreUnavailable
from app.web.ops import readiness
from app.web.ops.readiness import Readiness
from tests.factories.access import application
from tests.factories.house import services, settings


@pytest.fixture
def silent_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def silent_bucket(silent_port: int, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{silent_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "eu")
    return silent_port


@pytest.mark.parametrize("ask", ["read", "probe"])
def test_a_bucket_that_never_answers_is_given_up_soon(
    tmp_path: Path, silent_bucket: int, ask: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "_SILENCE_S", 1)
    store = outside._store(replace(settings(tmp_path, store_url="s3://film/archive"), store_http=True))
    started = time.monotonic()
    with pytest.raises(StoreUnavailable):
        store.probe() if ask == "probe" else store.read("ab/cd")
    assert time.monotonic() - started < 15


def test_without_leave_no_bucket_is_asked_in_the_clear(tmp_path: Path, silent_bucket: int) -> None:
    store = outside._store(settings(tmp_path, store_url="s3://film/archive"))
    started = time.monotonic()
    with pytest.raises(StoreUnavailable):
        store.probe()
    assert time.monotonic() - started < outside._SILENCE_S  # it was not even connected to


def test_readyz_answers_although_a_part_hangs_and_asks_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = services(tmp_path)
    go_on, asked = threading.Event(), []

    def hangs() -> None:
        asked.append(1)
        go_on.wait(60)

    probes = {**house.probes(), "store": hangs}
    monkeypatch.setattr(type(house), "probes", lambda self: probes)
    client = application(house).test_client()
    started = time.monotonic()
    for _ in range(2):
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json == {"database": "ok", "queue": "ok", "store": "failed"}
    assert time.monotonic() - started < 6 * readiness.ANSWER_S
    assert len(asked) == 1
    go_on.set()


def test_a_fresh_answer_is_not_asked_for_again_and_an_old_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    ready = Readiness({"store": lambda: asked.append(1)})
    assert [ready.states() for _ in range(50)] == [{"store": "ok"}] * 50
    assert len(asked) == 1
    monkeypatch.setattr(readiness, "FRESH_S", 0.0)
    ready = Readiness({"store": lambda: asked.append(1)})
    for _ in range(3):
        ready.states()
    assert len(asked) == 4


def test_the_probe_of_sqlite_waits_for_no_writer(tmp_path: Path) -> None:
    house = services(tmp_path)
    with house.db.session():
        started = time.monotonic()
        house.db.probe()
        assert time.monotonic() - started < 10


def test_more_threads_than_connections_is_no_error_of_ours(tmp_path: Path) -> None:
    """64 threads may read at once; past the pool it is the database that is not available."""
    database = Database(f"sqlite:///{tmp_path / 'pool.db'}", threads=64)
    with database.read() as first:
        first.execute(text("SELECT 1"))
        held = [database.engine.connect() for _ in range(63)]
    for connection in held:
        connection.close()
    database.dispose()
    small = Database(f"sqlite:///{tmp_path / 'pool.db'}", threads=1)
    small.engine.pool._timeout = 0.1  # type: ignore[attr-defined]
    held = [small.engine.connect() for _ in range(18)]
    with pytest.raises(DatabaseUnavailable), small.read() as session:
        session.execute(text("SELECT 1"))
    for connection in held:
        connection.close()
    small.dispose()

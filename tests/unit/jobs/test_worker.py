"""The worker's loops, and being woken."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.bootstrap import Services
from app.jobs import steps, worker
from app.jobs.wake import Waker
from app.models.states import JobKind
from app.repos.queue import jobs
from app.services.patient_access.code_naming import Attempt
from app.services.pictures.completion import PREPARE
from app.services.queue.job_queue import LEASE
from tests.factories.access import issued
from tests.factories.house import services
from tests.factories.telling import mark_prepared, messages, receive_study, register, states


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path)
    yield built
    built.worker.stop()
    built.waker.close()


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_a_running_worker_tells_by_itself(house: Services) -> None:
    exam_id = register(house)
    mark_prepared(house)
    house.worker.start()
    assert until(lambda: states(house, exam_id) == [("images_ready", "sms", "accepted")])
    assert len(messages(house)) == 1


def test_a_woken_worker_does_not_wait_for_its_poll(house: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "POLL_S", 600)
    house.worker.start()
    house.waker.listen(house.worker.wake)
    time.sleep(0.5)  # both loops are asleep
    register(house)
    mark_prepared(house)
    house.waker.wake()
    assert until(lambda: len(messages(house)) == 1)


def test_a_failing_sweep_keeps_no_other_from_running(house: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: steps.Work) -> int:
        raise RuntimeError

    monkeypatch.setattr(worker, "SWEEPS", (broken, *steps.SWEEPS))
    register(house)
    mark_prepared(house)
    for _ in range(3):
        with pytest.raises(ExceptionGroup):
            house.worker.run_sweeps()
    assert len(messages(house)) == 1


def test_a_loop_survives_a_database_that_is_away(house: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "PAUSE_AFTER_FAULT_S", 0.01)
    away = threading.Event()
    away.set()

    def step() -> bool:
        if away.is_set():
            raise OSError
        done.set()
        return False

    done = threading.Event()
    loop = threading.Thread(target=house.worker._loop, args=(step, threading.Event()), daemon=True)
    loop.start()
    time.sleep(0.1)
    away.clear()
    assert done.wait(5)
    house.worker._stop.set()
    loop.join(5)


def test_a_long_job_keeps_its_lease(house: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LEASE", LEASE / 1000)
    renewed = threading.Event()
    queue = house.queue
    watched = replace(queue)
    object.__setattr__(watched, "renew", lambda _: renewed.set() or True)
    object.__setattr__(watched, "failed", lambda *_: None)
    work = replace(house.worker.work, queue=watched)

    def prepare(_: steps.Work, __: str) -> None:
        assert renewed.wait(5)

    monkeypatch.setattr(worker, "JOBS", {"prepare_study": prepare})
    house.pictures.completion.complete_now(receive_study(house))
    assert worker.Worker(work).run_job()
    assert renewed.is_set()


def test_a_job_of_an_unknown_kind_fails_visibly(house: Services) -> None:
    queue = house.queue
    with house.db.session() as session:
        queue.enqueue(session, "unheard_of", "a")
    assert house.worker.run_job()
    with house.db.read() as session:
        row = jobs.by_key(session, "unheard_of", "a")
    assert row is not None
    assert (row.state, row.last_error) == ("pending", "KeyError")


def test_every_kind_that_is_enqueued_has_a_step() -> None:
    assert set(steps.JOBS) == set(JobKind)


def test_waking_without_listener_or_broker_never_fails() -> None:
    embedded = Waker()
    for _ in range(100):
        embedded.wake()
    unreachable = Waker("redis://127.0.0.1:1/0")
    unreachable.wake()
    unreachable.close()
    embedded.close()


def test_everybody_who_listens_is_woken() -> None:
    waker = Waker()
    woken = [threading.Event(), threading.Event()]
    for event in woken:
        waker.listen(event.set)
    waker.wake()
    assert all(event.wait(5) for event in woken)
    waker.close()


def test_a_one_time_code_is_on_the_phone_without_waiting_for_a_poll(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL_S", 600)
    exam = issued(house)
    house.worker.start()
    house.waker.listen(house.worker.wake)
    time.sleep(0.5)  # both loops are asleep
    house.patient_access.one_time_codes.request(Attempt(exam.qr, "10.0.0.1"))
    assert until(lambda: len(messages(house)) == 1)


def test_a_job_that_takes_long_keeps_no_other_waiting(house: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that never end by themselves come first; the third is done beside them."""
    monkeypatch.setattr(worker, "PATIENCE_S", 0.05)
    gate, begun, done = threading.Event(), [], []

    def work(_: steps.Work, key: str) -> None:
        begun.append(key)
        if key.startswith("long"):
            gate.wait(30)
        done.append(key)

    monkeypatch.setattr(worker, "JOBS", {PREPARE: work})
    for key in ("long 1", "long 2", "short"):
        with house.db.session() as session:
            house.queue.enqueue(session, PREPARE, key)
        house.clock.advance(1)  # type: ignore[attr-defined]
    house.worker.start()
    try:
        assert until(lambda: done == ["short"], seconds=20)
        assert begun == ["long 1", "long 2", "short"]
    finally:
        gate.set()
    assert until(lambda: len(done) == 3)


def test_no_more_jobs_than_the_limit_go_on_at_once(house: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "PATIENCE_S", 0.01)
    monkeypatch.setattr(worker, "MOST_BESIDE", 2)
    monkeypatch.setattr(worker, "POLL_S", 0.05)
    gate, begun = threading.Event(), []

    def work(_: steps.Work, key: str) -> None:
        begun.append(key)
        gate.wait(30)

    monkeypatch.setattr(worker, "JOBS", {PREPARE: work})
    with house.db.session() as session:
        for number in range(5):
            house.queue.enqueue(session, PREPARE, str(number))
    try:
        for _ in range(10):
            house.worker.begin_job()
        assert len(begun) == 2
    finally:
        gate.set()
    assert until(lambda: not house.worker.begin_job() and len(begun) == 5)

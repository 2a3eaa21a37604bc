"""The queue: rows, leases, back-off, giving up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.bootstrap import Services
from app.errors import CloudFilmError, DatabaseUnavailable, NotFound, StoreFull, StoreUnavailable
from app.models import Job
from app.services.queue.job_queue import LEASE, LONGEST_PAUSE, MOST_ATTEMPTS, JobQueue
from tests.factories.house import clock_of, services


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path)


@pytest.fixture
def queue(house: Services) -> JobQueue:
    return house.queue


def enqueue(house: Services, queue: JobQueue, *keys: str) -> None:
    with house.db.session() as session:
        for key in keys:
            queue.enqueue(session, "kind", key)


def test_the_same_work_twice_is_one_job(house: Services, queue: JobQueue) -> None:
    enqueue(house, queue, "a", "a")
    enqueue(house, queue, "a")
    first = queue.claim()
    assert first is not None
    assert queue.claim() is None
    queue.done(first)
    enqueue(house, queue, "a")
    assert queue.claim() is None


def test_jobs_come_oldest_first(house: Services, queue: JobQueue) -> None:
    for key in ("a", "b", "c"):
        enqueue(house, queue, key)
        clock_of(house).advance(1)
    claimed = [queue.claim() for _ in range(3)]
    assert [job.key for job in claimed if job] == ["a", "b", "c"]


def test_twenty_workers_at_once_get_each_job_once(house: Services, queue: JobQueue) -> None:
    enqueue(house, queue, *(f"k{number}" for number in range(10)))
    with ThreadPoolExecutor(20) as pool:
        claimed = list(pool.map(lambda _: queue.claim(), range(20)))
    keys = [job.key for job in claimed if job is not None]
    assert sorted(keys) == sorted(f"k{number}" for number in range(10))


def test_work_that_was_rolled_back_was_never_enqueued(house: Services, queue: JobQueue) -> None:
    def failing() -> None:
        with house.db.session() as session:
            queue.enqueue(session, "kind", "a")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    assert queue.claim() is None


def test_what_a_dead_worker_held_is_taken_over_after_its_lease(house: Services, queue: JobQueue) -> None:
    enqueue(house, queue, "a")
    dead = queue.claim()
    assert dead is not None
    clock_of(house).advance(LEASE.total_seconds())
    assert queue.claim() is None
    clock_of(house).advance(1)
    second = queue.claim()
    assert second is not None
    assert (second.id, second.attempt) == (dead.id, 2)


def test_a_worker_that_comes_back_late_cannot_finish_what_another_holds(house: Services, queue: JobQueue) -> None:
    enqueue(house, queue, "a")
    late = queue.claim()
    clock_of(house).advance(LEASE.total_seconds() + 1)
    second = queue.claim()
    assert late is not None
    assert second is not None
    assert not queue.renew(late)
    queue.done(late)
    assert queue.renew(second)
    queue.failed(second, RuntimeError())
    clock_of(house).advance(3600)
    assert queue.claim() is not None


def test_a_renewed_lease_is_not_taken_over(house: Services, queue: JobQueue) -> None:
    enqueue(house, queue, "a")
    job = queue.claim()
    assert job is not None
    for _ in range(5):
        clock_of(house).advance(LEASE.total_seconds() - 1)
        assert queue.renew(job)
        assert queue.claim() is None


def test_a_failing_job_is_tried_again_with_growing_pauses_and_given_up_visibly(
    house: Services, queue: JobQueue
) -> None:
    enqueue(house, queue, "a")
    pauses = []
    for _ in range(MOST_ATTEMPTS):
        job = queue.claim()
        waited = 0
        while job is None:
            clock_of(house).advance(1)
            waited += 1
            job = queue.claim()
        pauses.append(waited)
        queue.failed(job, ValueError("13900000001"))
    clock_of(house).advance(86_400)
    assert queue.claim() is None
    assert pauses == sorted(pauses)
    assert pauses[1] == 5
    (given_up,) = queue.given_up().rows
    assert (given_up.key, given_up.state, given_up.last_error) == ("a", "failed", "ValueError")


@pytest.mark.parametrize("outage", [StoreFull("full"), DatabaseUnavailable("locked")])
def test_an_outage_is_no_fault_of_the_job_however_long_it_lasts(
    house: Services, queue: JobQueue, outage: CloudFilmError
) -> None:
    enqueue(house, queue, "a")
    for _ in range(3 * MOST_ATTEMPTS):
        job = queue.claim()
        assert job is not None
        assert job.attempt == 1
        queue.failed(job, outage)
        assert queue.claim() is None
        clock_of(house).advance(LONGEST_PAUSE.total_seconds())
    assert queue.given_up().rows == ()


def test_a_full_store_is_asked_again_with_growing_pauses_and_soon_after_a_short_outage(
    house: Services, queue: JobQueue
) -> None:
    def pauses_after(outage: CloudFilmError, key: str) -> list[int]:
        enqueue(house, queue, key)
        pauses = []
        for _ in range(7):
            waited = 0
            while (job := queue.claim()) is None:
                clock_of(house).advance(10)
                waited += 10
            assert job.key == key
            pauses.append(waited)
            queue.failed(job, outage)
        with house.db.session() as session:
            session.query(Job).delete()
        return pauses[1:]

    assert pauses_after(StoreFull("full"), "a") == [60, 60, 120, 240, 480, 600]
    assert pauses_after(StoreUnavailable("down"), "b") == [60] * 6


def test_a_job_that_kills_its_worker_every_time_is_given_up_visibly(house: Services, queue: JobQueue) -> None:
    enqueue(house, queue, "deadly")
    for attempt in range(1, MOST_ATTEMPTS + 1):
        job = queue.claim()
        assert job is not None
        assert job.attempt == attempt
        clock_of(house).advance(LEASE.total_seconds() + 1)
    enqueue(house, queue, "harmless")
    following = queue.claim()
    assert following is not None
    assert following.key == "harmless"
    (given_up,) = queue.given_up().rows
    assert (given_up.key, given_up.last_error) == ("deadly", "worker_lost")


def test_a_given_up_job_can_be_revived_by_a_human(house: Services, queue: JobQueue) -> None:
    enqueue(house, queue, "a")
    for _ in range(MOST_ATTEMPTS):
        clock_of(house).advance(86_400)
        job = queue.claim()
        assert job is not None
        queue.failed(job, ValueError())
    (given_up,) = queue.given_up().rows
    queue.revive(given_up.id, "staff:a")
    revived = queue.claim()
    assert revived is not None
    assert revived.attempt == 1
    with pytest.raises(NotFound):
        queue.revive(given_up.id, "staff:a")

"""The worker dies between every two steps; the rows bring the exam to the same end, and one message is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app import bootstrap
from app.bootstrap import Services
from app.clock import FrozenClock
from app.imaging.sandbox.pool import RenderPool
from app.repos.pictures import prepared as rendition_repo
from app.repos.release.gate import matched_studies
from tests.factories.house import START, clock_of, copied, services, settings
from tests.factories.telling import deliver_receipts, exam_of, messages, receive_study, register, report, states


class Killed(BaseException):
    """Stands for SIGKILL: nothing that catches exceptions may catch it."""


class Commits:
    """Counts write transactions and kills at one of them, before or after its commit."""

    def __init__(self, house: Services, kill_at: int | None = None, *, before: bool = False) -> None:
        self.count = 0
        original = house.db.session

        @contextmanager
        def session() -> Iterator[Session]:
            with original() as opened:
                yield opened
                self.count += 1
                if before and self.count == kill_at:
                    raise Killed
            if not before and self.count == kill_at:
                raise Killed

        house.db.session = session  # type: ignore[method-assign]


@pytest.fixture(scope="module")
def pool() -> Iterator[RenderPool]:
    renderer = RenderPool(1, 20, 2 << 30)
    yield renderer
    renderer.close()


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registered exam with report, whose study of three slices was just received."""
    folder = tmp_path_factory.mktemp("received")
    house = services(folder)
    register(house)
    report(house)
    receive_study(house, slices=3)
    house.db.dispose()
    return folder


def opened(folder: Path, pool: RenderPool, clock: FrozenClock) -> Services:
    """A new process on what the last one left."""
    house = bootstrap.build(settings(folder), clock)
    work = replace(house.worker.work, preparation=replace(house.pictures.preparation, renderer=pool))
    return replace(house, worker=replace(house.worker, work=work))


def work(house: Services, rounds: int = 40) -> None:
    """Everything a worker and the carrier do in twenty minutes."""
    for _ in range(rounds):
        clock_of(house).advance(31)
        while house.worker.run_sweeps() or house.worker.run_job():
            pass
        deliver_receipts(house)


def outcome(house: Services) -> dict[str, Any]:
    exam = exam_of(house)
    with house.db.read() as session:
        [study] = matched_studies(session, exam.id)
        prepared = rendition_repo.prepared(session, study.id, study.revision)
        chain = house.audit.log.verify(session)
    pack = prepared[0]
    house.archive.objects.store.size(pack.preview_object_key)
    house.archive.objects.store.size(pack.frame_object_key)
    return {
        "study": (study.state, study.prepared_revision),
        "series": [(row.ordinal, row.frame_count) for row in prepared],
        "released": exam.images_released_at is not None,
        "jobs given up": list(house.queue.given_up().rows),
        "audit faults": chain,
        "messages": (states(house, exam.id), len(messages(house))),
    }


TOLD = ([("images_ready", "sms", "delivered")], 1)
NEVER_SENT = ([("images_ready", "sms", "desk")], 0)


def test_wherever_the_worker_dies_the_end_is_the_same_and_one_message_was_sent(
    received: Path, tmp_path: Path, pool: RenderPool
) -> None:
    folder = tmp_path / "undisturbed"
    copied(received, folder)
    house = opened(folder, pool, FrozenClock(START))
    commits = Commits(house)
    work(house)
    expected = outcome(house)
    assert expected["messages"] == TOLD
    assert commits.count >= 8

    never_sent = []
    for before in (True, False):
        for kill_at in range(1, commits.count + 1):
            end = killed_and_restarted(received, tmp_path / f"{kill_at}-{before}", pool, kill_at, before=before)
            if end["messages"] == NEVER_SENT:
                never_sent.append((kill_at, before))
                end["messages"] = TOLD
            assert end == expected, f"killed {'before' if before else 'after'} commit {kill_at}"
    # died after claiming, before calling the carrier: nobody can know, so a human decides; never sent twice
    assert len(never_sent) == 1


def killed_and_restarted(
    received: Path, folder: Path, pool: RenderPool, kill_at: int, *, before: bool
) -> dict[str, Any]:
    copied(received, folder)
    clock = FrozenClock(START)
    house = opened(folder, pool, clock)
    Commits(house, kill_at, before=before)
    with pytest.raises(Killed):
        work(house)
    house.db.dispose()
    house = opened(folder, pool, clock)
    work(house)
    end = outcome(house)
    house.db.dispose()
    return end


def test_what_the_desk_sends_again_after_such_a_death_arrives_once(
    received: Path, tmp_path: Path, pool: RenderPool
) -> None:
    folder = tmp_path / "desk"
    copied(received, folder)
    clock = FrozenClock(START)
    house = opened(folder, pool, clock)
    clock.advance(61)
    house.worker.run_sweeps()
    house.worker.run_job()
    house.release.gate.release_due()
    exam_id = exam_of(house).id
    row_id = house.desk.messages.history(exam_id)[0].id
    assert house.notifications.sending._claim(row_id, set())  # and died
    house = opened(folder, pool, clock)
    work(house)
    assert (states(house, exam_id), len(messages(house))) == NEVER_SENT
    house.desk.messages.resend(exam_id, "unknown outcome", "staff:desk")
    work(house)
    assert states(house, exam_id)[1] == ("resend", "sms", "delivered")
    assert len(messages(house)) == 1

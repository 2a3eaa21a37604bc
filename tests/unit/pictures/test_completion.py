"""When a study is complete."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.services.queue.job_queue import JobQueue
from tests.factories.house import clock_of, services
from tests.factories.telling import receive_study, study


def test_a_study_is_complete_after_the_quiet_period_and_prepared_once(tmp_path: Path) -> None:
    house = services(tmp_path, quiet_period_s="60")
    uid = receive_study(house)
    completion, queue = house.pictures.completion, house.queue
    clock_of(house).advance(59)
    assert completion.complete_quiet() == 0
    clock_of(house).advance(1)
    assert completion.complete_quiet() == 1
    assert completion.complete_quiet() == 0
    row = study(house, uid)
    job = queue.claim()
    assert row.state == "complete"
    assert job is not None
    assert (job.kind, job.key) == ("prepare_study", f"{row.id.hex}:1")
    assert queue.claim() is None


def test_a_late_instance_opens_the_study_again_and_makes_another_job(tmp_path: Path) -> None:
    house = services(tmp_path, quiet_period_s="60")
    uid = receive_study(house)
    completion, queue = house.pictures.completion, house.queue
    clock_of(house).advance(60)
    completion.complete_quiet()
    first = queue.claim()
    assert first is not None
    queue.done(first)
    receive_study(house, StudyInstanceUID=uid)
    assert study(house, uid).state == "receiving"
    clock_of(house).advance(60)
    assert completion.complete_quiet() == 1
    second = queue.claim()
    assert second is not None
    assert second.key.endswith(":2")


def test_an_explicit_signal_completes_at_once(tmp_path: Path) -> None:
    house = services(tmp_path)
    uid = receive_study(house)
    house.pictures.completion.complete_now(uid)
    assert study(house, uid).state == "complete"
    with pytest.raises(NotFound):
        house.pictures.completion.complete_now("1.2.3")


def test_a_study_that_raises_holds_up_no_other_and_is_looked_at_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = services(tmp_path, quiet_period_s="60")
    first = receive_study(house)
    second = receive_study(house)
    broken = study(house, first).id
    sound, tried = JobQueue.enqueue, 0

    def unsound(self: JobQueue, session: Session, kind: str, key: str) -> None:
        nonlocal tried
        if key.startswith(broken.hex):
            tried += 1
            raise ValueError
        sound(self, session, kind, key)

    monkeypatch.setattr(JobQueue, "enqueue", unsound)
    completion = house.pictures.completion
    clock_of(house).advance(60)
    assert [completion.complete_quiet() for _ in range(3)] == [1, 0, 0]
    assert (study(house, first).state, study(house, second).state, tried) == ("receiving", "complete", 1)
    monkeypatch.undo()
    clock_of(house).advance(600)
    assert completion.complete_quiet() == 1

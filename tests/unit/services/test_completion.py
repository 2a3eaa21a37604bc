"""When a study is complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import NotFound
from tests.factories.house import clock_of, services
from tests.factories.telling import receive_study, study


def test_a_study_is_complete_after_the_quiet_period_and_prepared_once(tmp_path: Path) -> None:
    house = services(tmp_path, quiet_period_s="60")
    uid = receive_study(house)
    completion, queue = house.worker.work.completion, house.worker.work.queue
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
    completion, queue = house.worker.work.completion, house.worker.work.queue
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
    house.worker.work.completion.complete_now(uid)
    assert study(house, uid).state == "complete"
    with pytest.raises(NotFound):
        house.worker.work.completion.complete_now("1.2.3")

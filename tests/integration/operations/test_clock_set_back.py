"""A clock that ran ahead and was set back stops nothing that waits: studies, jobs, releases, messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.bootstrap import Services
from tests.factories.house import clock_of, services
from tests.factories.telling import (
    exam_of,
    mark_prepared,
    notifications,
    only_state,
    receive_study,
    register,
    states,
    study,
    sweep,
    untold,
)

TEN_DAYS, MINUTE = timedelta(days=10), 60.0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path, quiet_period_s="60")
    yield built
    built.pictures.renderer.close()


def set_back(house: Services, by: timedelta = TEN_DAYS) -> None:
    clock = clock_of(house)
    clock._now -= by


def test_a_study_received_before_is_completed_and_prepared(house: Services) -> None:
    uid = receive_study(house)
    set_back(house)
    assert house.pictures.completion.complete_quiet() == 1
    set_back(house)
    while house.worker.run_job():
        pass
    assert study(house, uid).state == "prepared"


def test_a_study_of_a_node_whose_clock_is_a_little_ahead_is_waited_for(house: Services) -> None:
    uid = receive_study(house)
    set_back(house, timedelta(minutes=2))
    assert house.pictures.completion.complete_quiet() == 0
    assert study(house, uid).state == "receiving"
    clock_of(house).advance(3 * MINUTE)
    assert house.pictures.completion.complete_quiet() == 1


def test_a_job_that_pauses_or_whose_worker_died_is_taken_up(house: Services) -> None:
    receive_study(house)
    clock_of(house).advance(2 * MINUTE)
    house.pictures.completion.complete_quiet()
    queue = house.queue
    first = queue.claim()
    assert first is not None
    assert queue.claim() is None
    set_back(house)
    second = queue.claim()  # its worker would have renewed the lease by now
    assert second is not None
    queue.failed(second, ValueError())
    assert queue.claim() is None
    set_back(house)
    assert queue.claim() is not None


@pytest.mark.parametrize("gate", ["images", "delay"])
def test_an_exam_is_released_and_its_patient_told(tmp_path: Path, gate: str) -> None:
    house = services(tmp_path, release_gate=gate, release_delay_h="24")
    exam_id = register(house)
    mark_prepared(house)
    if gate == "delay":
        sweep(house)  # it is due in a day
        assert exam_of(house).images_released_at is None
    set_back(house)
    house.release.gate.release_due()
    assert exam_of(house).images_released_at is not None
    set_back(house)
    sweep(house)
    assert states(house, exam_id) == [("images_ready", "sms", "accepted")]
    house.pictures.renderer.close()


def test_a_delay_is_still_waited_for_with_a_right_clock(tmp_path: Path) -> None:
    house = services(tmp_path, release_gate="delay", release_delay_h="24")
    register(house)
    mark_prepared(house)
    sweep(house, seconds=23 * 60 * MINUTE)
    assert exam_of(house).images_released_at is None
    sweep(house, seconds=2 * 60 * MINUTE)
    assert exam_of(house).images_released_at is not None
    house.pictures.renderer.close()


def test_a_message_of_unknown_end_goes_to_the_desk(house: Services) -> None:
    exam_id = untold(house, "17000000004")
    sweep(house)
    assert only_state(house, exam_id) == "unknown"
    set_back(house)
    sweep(house, seconds=60)
    assert only_state(house, exam_id) == "desk"


def test_the_carrier_is_asked_no_oftener_for_a_receipt(house: Services) -> None:
    exam_id = untold(house)
    sweep(house)
    assert only_state(house, exam_id) == "accepted"
    set_back(house)
    house.notifications.receipts.ask_due()
    [row] = notifications(house, exam_id)
    assert row.next_attempt_at > house.clock.now()

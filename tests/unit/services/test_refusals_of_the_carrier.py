"""A carrier that asks to come back is tried again, with growing pauses and an end."""

from __future__ import annotations

from pathlib import Path

from tests.factories.carriers import Busy, with_carrier
from tests.factories.house import services
from tests.factories.telling import (
    messages,
    notifications,
    only_state,
    sweep,
    untold,
)


def test_a_temporary_refusal_is_tried_again_after_a_pause(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = untold(house, "17000000006")
    sweep(house)
    assert only_state(house, exam_id) == "pending"
    sweep(house, seconds=29)
    assert notifications(house, exam_id)[0].attempts == 1
    sweep(house, seconds=2)
    assert only_state(house, exam_id) == "accepted"
    assert len(messages(house, "+8617000000006")) == 1


def test_temporary_refusals_end_after_eight_tries_with_growing_pauses(tmp_path: Path) -> None:
    busy = Busy()
    house = with_carrier(services(tmp_path), busy)
    exam_id = untold(house)
    for _ in range(20):
        sweep(house, seconds=3601)
    assert busy.calls == 8
    assert only_state(house, exam_id) == "failed"

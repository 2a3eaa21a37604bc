"""A carrier that asks to come back is tried again, with growing pauses and an end."""

from __future__ import annotations

from pathlib import Path

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

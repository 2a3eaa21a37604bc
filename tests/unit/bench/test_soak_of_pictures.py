"""What the soak of pictures calls a fault, by its figures alone."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from random import Random

import pytest

from tests.soak.phones import SLICES, Seen, paths
from tests.soak.pictures import faults_of

CALM = [(200.0, 300.0)] * 40


def seen(frame_s: float = 0.01, errors: dict[str, int] | None = None) -> Seen:
    return Seen({"frame": [frame_s] * 200, "window": [0.02] * 50, "cut": [0.5] * 50}, Counter(errors or {}), busy=3)


def test_quick_pictures_in_even_memory_are_no_fault() -> None:
    assert faults_of(seen(), CALM) == []


def test_one_slow_frame_in_a_hundred_is_no_fault_and_two_are() -> None:
    found = seen()
    found.took["frame"][:1] = [1.0]
    assert faults_of(found, CALM) == []
    found.took["frame"][:4] = [1.0] * 4
    assert len(faults_of(found, CALM)) == 1


@pytest.mark.parametrize(
    ("found", "memory"),
    [
        (seen(errors={"500 for a cut": 1}), CALM),
        (seen(frame_s=0.3), CALM),
        (seen(), [(200.0 + 5 * at, 300.0) for at in range(40)]),
        (seen(), [(200.0, 300.0 + 5 * at) for at in range(40)]),
        (Seen(), CALM),
    ],
)
def test_errors_slow_frames_growing_memory_and_no_answers_are_faults(
    found: Seen, memory: list[tuple[float, float]]
) -> None:
    assert faults_of(found, memory)


def test_a_phone_scrolls_windows_cuts_and_rests_within_its_series() -> None:
    asked = list(islice(paths("/exams/1/series/1", Random(7)), 300))
    assert {kind for kind, _ in asked} == {"frame", "window", "cut", "rest"}
    numbers = [int(path.rpartition("/")[2].partition(".")[0]) for kind, path in asked if kind in ("frame", "window")]
    assert min(numbers) >= 1
    assert max(numbers) <= SLICES

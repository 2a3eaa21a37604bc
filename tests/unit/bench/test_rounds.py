"""Interleaved rounds: who runs when, what is kept, and that a machine that changes its speed changes no ratio."""

from __future__ import annotations

import pytest

from bench.rounds import Rounds, interleaved


def test_sides_take_turns_and_warm_up_rounds_are_not_kept() -> None:
    calls: list[tuple[str, int]] = []

    def side(name: str, value: float) -> object:
        def measure(number: int) -> float:
            calls.append((name, number))
            return value + number

        return measure

    seen = interleaved({"a": side("a", 10), "b": side("b", 20)}, rounds=2, warm_up=1)  # type: ignore[dict-item]
    assert calls == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    assert seen.seen == {"a": (11, 12), "b": (21, 22)}


def test_the_ratio_is_taken_within_each_round_so_a_change_of_speed_cancels() -> None:
    speed = [1.0, 2.5, 2.5, 1.0, 2.5]
    seen = Rounds({"ours": tuple(60 * s for s in speed), "theirs": tuple(100 * s for s in speed)})
    assert seen.ratios("ours", "theirs") == pytest.approx([0.6] * 5)
    assert seen.ratio("ours", "theirs") == pytest.approx(0.6)
    assert seen.ratio("theirs", "ours") == pytest.approx(1 / 0.6)


def test_one_disturbed_round_does_not_decide() -> None:
    seen = Rounds({"ours": (60, 61, 6, 59, 60), "theirs": (100, 100, 100, 100, 100)})
    assert seen.ratio("ours", "theirs") == pytest.approx(0.6)
    assert seen.median("ours") == 60
    assert seen.spread("ours", "theirs") == "0.60 x (rounds 0.06 to 0.61)"


def test_rounds_that_one_side_lacks_are_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        Rounds({"ours": (1, 2), "theirs": (1,)}).ratio("ours", "theirs")

"""What the query of a picture asks for is what it means, or refused: never a number that is none."""

from __future__ import annotations

import math

import pytest
from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st

from app.errors import InvalidInput
from app.services.pictures.serving import Oblique
from app.web.exam.asked_pictures import asked_oblique
from tests.factories.reach import must_reach, reached

APP = Flask(__name__)
ODD = st.one_of(
    st.sampled_from(["0", "1", "-1", "-0", "0.8", "0.6", "nan", "inf", "1e0", "", " 1", "+1", "1.5", "0x1", "1_0"]),
    st.floats(-1.1, 1.1).map(lambda value: f"{value:.6f}"),
    st.text(max_size=6),
)
WAYS = st.tuples(*[st.integers(-9, 9)] * 4).filter(any)


def asked(turn: str, mm: str) -> Oblique:
    with APP.test_request_context(query_string={"turn": turn, "mm": mm}):
        return asked_oblique()


@given(WAYS, st.integers(4, 6), st.integers(-200_000, 200_000))
def test_a_turn_that_was_rounded_is_taken(way: tuple[int, ...], digits: int, hundredths: int) -> None:
    turn = [part / math.hypot(*way) for part in way]
    found = asked(",".join(f"{part:.{digits}f}" for part in turn), f"{hundredths / 100:.2f}")
    assert found.turn == pytest.approx(turn, abs=1e-4)
    assert found.mm == pytest.approx(hundredths / 100)


@must_reach("refused", times=10)
@given(st.lists(ODD, min_size=3, max_size=5).map(",".join), ODD)
@example("1,0,0,0", "nan")
@example("nan,0,0,0", "0")
@example("0.5,0.5,0.5,0.499", "0")
def test_a_turn_is_a_rotation_or_refused(turn: str, mm: str) -> None:
    try:
        found = asked(turn, mm)
    except InvalidInput:
        reached("refused")
        return
    assert abs(math.hypot(*found.turn) - 1) <= 0.001
    assert math.isfinite(found.mm)
    assert len(turn) <= 4 * len("-0.123456") + 3

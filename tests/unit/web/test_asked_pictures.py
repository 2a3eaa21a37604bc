"""What the query of a picture asks for is what it means, or refused: never a number that is none."""

from __future__ import annotations

import math

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidInput
from app.web.exam.asked_pictures import asked_oblique
from tests.factories.reach import must_reach, reached

APP = Flask(__name__)
PARTS = st.one_of(
    st.floats(-1.1, 1.1).map(lambda value: f"{value:.6f}"),
    st.sampled_from(["0", "1", "-1", "-0", "0.8", "0.6", "nan", "inf", "1e0", "", " 1", "+1", "1.5", "0x1", "1_0"]),
    st.text(max_size=6),
)
NUMBERS = st.one_of(
    st.floats(-2000, 2000).map(lambda value: f"{value:.2f}"), st.sampled_from(["nan", "-inf", "1e3", ""]), st.text()
)


@st.composite
def turns(draw: st.DrawFn) -> str:
    if draw(st.booleans()):
        parts = [draw(st.floats(-1, 1)) for _ in range(4)]
        length = math.hypot(*parts) or 1.0
        return ",".join(f"{part / length:.{draw(st.integers(3, 7))}f}" for part in parts)
    return ",".join(draw(st.lists(PARTS, min_size=3, max_size=5)))


@must_reach("taken", "refused", times=10)
@given(turns(), NUMBERS)
def test_a_turn_is_a_rotation_or_refused(turn: str, mm: str) -> None:
    with APP.test_request_context(query_string={"turn": turn, "mm": mm}):
        try:
            found = asked_oblique()
        except InvalidInput:
            reached("refused")
            return
    reached("taken")
    assert abs(math.hypot(*found.turn) - 1) <= 0.001
    assert math.isfinite(found.mm)
    assert len(turn) <= 4 * len("-0.123456") + 3

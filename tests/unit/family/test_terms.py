"""A guardian's grant ends with the childhood, another after a year, and none outlives the childhood it began in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from app.clock import CHINA
from app.identity.childhood import grown_at, is_child
from app.services.family.terms import USUAL, ends_at

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("born", "grown"),
    [("2018-06-01", "2032-06-01"), ("2012-02-29", "2026-03-01"), ("2012-03-02", "2026-03-02")],
)
def test_a_child_is_grown_on_its_fourteenth_birthday_in_china(born: str, grown: str) -> None:
    assert grown_at(born) == datetime.combine(date.fromisoformat(grown), datetime.min.time(), CHINA)


def test_one_second_before_its_birthday_it_is_a_child() -> None:
    birthday = grown_at("2012-03-02")
    assert is_child("2012-03-02", birthday - timedelta(seconds=1))
    assert not is_child("2012-03-02", birthday)


@given(st.dates(date(1900, 1, 1), date(2026, 3, 1)), st.booleans())
def test_a_grant_is_over_in_time(born: date, is_guardian: bool) -> None:
    child = is_child(born.isoformat(), NOW)
    event(f"child {child}, guardian {is_guardian}")
    ends, grown = ends_at(born.isoformat(), NOW, is_guardian=is_guardian), grown_at(born.isoformat())
    assert ends > NOW
    if child:
        assert ends <= grown
        assert not is_guardian or ends == grown
    else:
        assert ends == NOW + USUAL

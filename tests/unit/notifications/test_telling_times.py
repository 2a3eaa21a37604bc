"""When news may be sent: daytime, gathering, a limit of a day. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import CHINA
from app.services.notifications.telling_times import DAY, TellingTimes

DAYTIME = TellingTimes(opens_h=8, closes_h=21, gather=timedelta(minutes=3), most_a_day=2)
MOMENTS = st.integers(0, 3 * 24 * 60).map(lambda minutes: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=minutes))


def china(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("queued_at", "chance"),
    [
        (china(12), china(12, 3)),
        (china(20, 56), china(20, 59)),
        (china(20, 57), china(8, day=3)),
        (china(23), china(8, day=3)),
        (china(0, 30), china(8)),
        (china(7, 58), china(8, 1)),
    ],
)
def test_news_of_the_night_waits_for_the_morning(queued_at: datetime, chance: datetime) -> None:
    assert DAYTIME.first_chance(queued_at) == chance


def test_the_third_message_of_a_day_waits_until_the_first_is_a_day_old() -> None:
    now = china(15)
    assert DAYTIME.after_limit([china(9)], now) == now
    assert DAYTIME.after_limit([china(9), china(10)], now) == china(9, day=3)
    assert DAYTIME.after_limit([china(9), china(10), china(11)], now) == china(10, day=3)
    assert DAYTIME.after_limit([china(9) - DAY, china(10)], now) == now


@pytest.mark.hypothesis
def test_what_is_sent_when_it_may_be_keeps_hours_and_limit() -> None:
    reached = Counter[str]()

    @given(st.lists(MOMENTS, min_size=1, max_size=12), st.integers(0, 23), st.integers(1, 24), st.integers(1, 4))
    def any_news(queued: list[datetime], opens: int, length: int, most: int) -> None:
        times = TellingTimes(opens_h=opens, closes_h=min(24, opens + length), gather=DAY / 100, most_a_day=most)
        sent: list[datetime] = []
        for at in sorted(queued):
            chance = max([times.first_chance(at), *sent[-1:]])
            while (allowed := max(times.next_open(chance), times.after_limit(sent, chance))) > chance:
                reached["waits"] += 1
                chance = allowed
            sent.append(chance)
            assert chance >= at + times.gather
        assert all(times.is_open(at) for at in sent)
        for at in sent:
            assert sum(at - DAY < other <= at for other in sent) <= most
        reached.update(sent=len(sent))

    any_news()
    assert reached["waits"], reached

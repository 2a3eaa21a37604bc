"""Which way a patient is told next. Pure: every path from the first message to the end."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.clock import CHINA
from app.models import ChannelName
from app.models import NotificationState as State
from app.services.notifications.telling_plan import Desk, Done, Step, Tell, TellingPlan, Told, Wait
from app.services.notifications.telling_times import TellingTimes

WECHAT, SMS = ChannelName.WECHAT, ChannelName.SMS
BOTH = frozenset({WECHAT, SMS})
TIMES = TellingTimes(opens_h=8, closes_h=21)
PLAN = TellingPlan(times=TIMES)
NOON = datetime(2026, 3, 2, 12, tzinfo=CHINA)
ENDS = (State.ACCEPTED, State.DELIVERED, State.FAILED, State.CANCELLED, State.DESK, State.UNKNOWN)


def step(*told: Told, reachable: frozenset[ChannelName] = BOTH, opened: bool = False, hours: float = 0) -> Step:
    return PLAN.next_step(told, reachable, opened, NOON + timedelta(hours=hours))


def notice(state: State) -> Told:
    return Told(WECHAT, state, NOON)


def test_the_notice_comes_first_and_who_has_no_wechat_gets_a_text_message() -> None:
    assert step() == Tell(WECHAT)
    assert step(reachable=frozenset({SMS})) == Tell(SMS)
    assert step(reachable=frozenset()) == Desk()


@pytest.mark.parametrize("state", [State.PENDING, State.SENDING, State.UNKNOWN])
def test_while_the_outcome_is_open_nothing_follows(state: State) -> None:
    assert step(notice(state), hours=100) == Wait(None)


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED, State.DESK])
def test_a_notice_in_vain_is_followed_by_a_text_message_at_once(state: State) -> None:
    assert step(notice(state)) == Tell(SMS)
    assert step(notice(state), reachable=frozenset({WECHAT})) == Desk()
    assert PLAN.beginning_with(SMS).next_step([], BOTH, False, NOON) == Tell(SMS)
    assert step(notice(state), Told(SMS, State.FAILED, NOON)) == Desk()


def test_an_unopened_notice_is_followed_after_four_hours_of_daytime() -> None:
    assert step(notice(State.DELIVERED), hours=3.9) == Wait(NOON + timedelta(hours=4))
    assert step(notice(State.DELIVERED), hours=4) == Tell(SMS)
    assert step(notice(State.ACCEPTED), hours=4) == Tell(SMS)
    assert step(notice(State.DELIVERED), opened=True, hours=4) == Done()
    late = Told(WECHAT, State.DELIVERED, NOON + timedelta(hours=8))  # 20 o'clock: one hour counts before the night
    assert step(late, hours=8) == Wait(NOON + timedelta(hours=23))


def test_a_text_message_that_arrived_is_the_end() -> None:
    assert step(notice(State.FAILED), Told(SMS, State.DELIVERED, NOON), hours=1000) == Done()
    assert step(notice(State.FAILED), Told(SMS, State.DESK, NOON)) == Desk()


@pytest.mark.hypothesis
def test_hours_of_the_night_do_not_count() -> None:
    @given(st.integers(0, 23), st.integers(1, 24), st.integers(0, 47), st.integers(0, 40))
    def any_hours(opens: int, length: int, since_h: int, span_h: int) -> None:
        times = TellingTimes(opens_h=opens, closes_h=min(24, opens + length))
        since = NOON + timedelta(hours=since_h)
        end = times.after_daytime(since, timedelta(hours=span_h))
        whole = [since + timedelta(hours=hour) for hour in range(int((end - since) / timedelta(hours=1)) + 1)]
        assert sum(times.is_open(at) for at in whole if at < end) == span_h
        assert end >= since

    any_hours()


@pytest.mark.hypothesis
def test_every_path_ends_and_tells_each_way_at_most_once() -> None:
    reached = Counter[str]()

    @given(
        st.lists(st.sampled_from(ENDS), min_size=2, max_size=2), st.sets(st.sampled_from(sorted(BOTH))), st.booleans()
    )
    @example(outcomes=[State.UNKNOWN, State.ACCEPTED], reachable={WECHAT}, opens=False)
    def any_path(outcomes: list[State], reachable: set[ChannelName], opens: bool) -> None:
        told: dict[ChannelName, Told] = {}
        now, opened, step = NOON, False, None
        for _ in range(8):
            step = PLAN.next_step(list(told.values()), frozenset(reachable), opened, now)
            if isinstance(step, Tell):
                assert step.channel not in told, "told twice by one way"
                assert step.channel in reachable
                assert all(one.state not in (State.PENDING, State.SENDING, State.UNKNOWN) for one in told.values())
                told[step.channel] = Told(step.channel, outcomes[len(told)], now)
                reached["told by two ways"] += len(told) == 2
            elif isinstance(step, Wait) and step.until is not None:
                assert step.until > now
                now, opened = step.until, opens
                reached["waited"] += 1
            else:
                break
        assert isinstance(step, Desk | Done | Wait)
        if isinstance(step, Desk):
            assert not any(
                one.state in (State.DELIVERED, State.ACCEPTED) and one.channel == SMS for one in told.values()
            )
        if isinstance(step, Wait):
            assert any(one.state == State.UNKNOWN for one in told.values())
        if isinstance(step, Done):
            assert opened or any(one.state in (State.DELIVERED, State.ACCEPTED) for one in told.values())
        reached[type(step).__name__] += 1

    any_path()
    assert all(reached[what] for what in ("told by two ways", "waited", "Desk", "Done", "Wait")), reached

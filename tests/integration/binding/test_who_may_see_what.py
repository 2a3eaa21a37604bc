"""Whatever WeChat users, a couple with one phone, a child, the desk and two processes do: an openid opens exams only of
persons whom it proved or whom staff let it bind, in browsers where that was proved, and nothing after the end."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app import bootstrap
from tests.factories.house import clock_of, services
from tests.factories.town import ALONE, CHILD, CHILDHOOD, ELSEWHERE, HUSBAND, NAMESAKE, WHO, WIFE, Town

MADE_UP = 1000
process, openid, browser = st.integers(0, 1), st.integers(0, 2), st.integers(0, 2)
person = st.sampled_from(WHO)
named = st.one_of(
    st.tuples(person, st.just("")), st.tuples(person, st.sampled_from(("name", "number"))), st.just(ALONE)
)
waits = st.sampled_from((61, 601, 13 * 3600, int(CHILDHOOD.total_seconds())))
which = st.sampled_from((0, 0, 0, 1, 2, 3, MADE_UP))
answers = st.tuples(st.just("answer"), process, openid, browser, named, which)
world = st.one_of(
    st.tuples(st.just("unbind"), process, openid),
    st.tuples(st.just("unbind_at_desk"), process, person),
    st.tuples(st.just("change_phone"), person, st.integers(0, 2)),
    st.tuples(st.just("correct"), person),
)
acts = st.one_of(
    st.tuples(st.just("prove"), process, openid, browser, st.tuples(person, st.just(""))),
    st.tuples(st.just("prove"), process, openid, browser, named),
    st.tuples(st.just("ask"), process, openid, named),
    st.tuples(st.just("deliver"), process),
    answers,
    st.tuples(st.just("interrupted"), answers, st.one_of(answers, world)),
    st.tuples(st.just("give"), process, person),
    st.tuples(st.just("enter"), process, openid, browser),
    st.tuples(st.just("wait"), waits),
    world,
)
Act = tuple[Any, ...]


def right(who: int) -> tuple[int, str]:
    return (who, "")


def sent(who: int, openid: int = 0, by: int = 0) -> list[Act]:
    """Digits for a person are asked for by a WeChat user, and sent."""
    return [("wait", 61), ("ask", by, openid, right(who)), ("deliver", 1 - by)]


def typed(who: int, openid: int = 0, browser: int = 0, which: int = 0, by: int = 0) -> Act:
    return ("answer", by, openid, browser, right(who), which)


GROWN = ("wait", int(CHILDHOOD.total_seconds()))
STORIES: dict[str, list[Act]] = {
    "a session that opens exams": [("prove", 0, 0, 0, right(WIFE)), ("enter", 1, 0, 0)],
    "bound by digits to the phone": [("prove", 1, 1, 1, right(HUSBAND))],
    "bound at the desk": [("give", 0, CHILD), typed(CHILD)],
    "proved once more": [("prove", 0, 0, 0, right(WIFE)), ("prove", 0, 0, 1, ALONE), ("enter", 0, 0, 1)],
    "let in where it was proved before": [("prove", 0, 0, 0, right(WIFE)), ("enter", 1, 0, 0)],
    "bound, but not proved in this browser": [("prove", 0, 0, 0, right(WIFE)), ("enter", 1, 0, 1)],
    "digits of another WeChat user": [*sent(WIFE), typed(WIFE, openid=1)],
    "digits of another person": [*sent(WIFE), typed(HUSBAND)],
    "digits that were used": [*sent(WIFE), typed(WIFE), typed(WIFE, browser=1, by=1)],
    "digits after their time": [*sent(WIFE), ("wait", 601), typed(WIFE)],
    "digits after five tries": [*sent(WIFE), *[typed(WIFE, which=MADE_UP)] * 5, typed(WIFE)],
    "digits that never were": [*sent(WIFE), typed(WIFE, which=MADE_UP)],
    "a wrong name": [*sent(WIFE), ("answer", 0, 0, 0, (WIFE, "name"), 0)],
    "a wrong number": [("prove", 0, 0, 0, (WIFE, "number"))],
    "asked too often": [("ask", 0, 0, right(WIFE)), ("ask", 1, 0, right(HUSBAND))],
    "ended by its owner": [("prove", 0, 0, 0, right(WIFE)), ("unbind", 1, 0), ("enter", 0, 0, 0)],
    "ended by staff": [
        ("prove", 0, 0, 0, right(WIFE)),
        ("prove", 1, 1, 1, right(WIFE)),
        ("unbind_at_desk", 0, ELSEWHERE),
        ("enter", 0, 1, 1),
    ],
    "another phone on file": [("change_phone", WIFE, 2), ("prove", 0, 1, 0, right(WIFE))],
    "digits to a former number": [*sent(WIFE), ("change_phone", WIFE, 1), typed(WIFE)],
    "the WeChat user is another person now": [
        ("prove", 0, 0, 0, right(WIFE)),
        ("give", 0, CHILD),
        typed(CHILD),
        ("prove", 1, 0, 1, right(NAMESAKE)),
        ("enter", 0, 0, 1),
        ("enter", 0, 0, 0),
    ],
    "a child was 14, and its binding ended": [
        ("prove", 0, 0, 0, right(WIFE)),
        ("give", 0, CHILD),
        typed(CHILD),
        GROWN,
        ("enter", 1, 0, 0),
        ("give", 0, CHILD),
        typed(CHILD),
    ],
    "a bound person's registration became another's": [
        ("give", 0, CHILD),
        typed(CHILD),
        ("correct", CHILD),
        ("enter", 0, 0, 0),
        ("prove", 1, 1, 1, right(NAMESAKE)),
        ("correct", NAMESAKE),
    ],
}
MEANWHILE: list[list[Act]] = [
    [*sent(WIFE), ("interrupted", typed(WIFE), typed(WIFE, browser=1, by=1))],
    [("give", 0, CHILD), ("interrupted", typed(CHILD), typed(CHILD, openid=1, by=1))],
    [("prove", 0, 0, 0, right(WIFE)), *sent(WIFE), ("interrupted", typed(WIFE), ("unbind_at_desk", 1, WIFE))],
    [*sent(WIFE), ("interrupted", typed(WIFE), ("change_phone", WIFE, 1))],
    [*sent(NAMESAKE), ("interrupted", typed(NAMESAKE), ("correct", NAMESAKE)), ("enter", 1, 0, 0)],
    [("give", 1, CHILD), ("interrupted", typed(CHILD), ("correct", CHILD)), GROWN, ("enter", 1, 0, 0)],
]
"""What another process does while digits are compared."""


@pytest.mark.hypothesis
def test_an_openid_opens_only_what_it_proved_or_staff_bound_and_nothing_after_the_end(tmp_path: Path) -> None:
    first = services(tmp_path)
    houses = [first, bootstrap.build(first.settings, clock_of(first))]
    reached, numbers = Counter[str](), count()

    def act(town: Town, one: Act) -> None:
        name, *how = one
        if name == "interrupted":
            (_, *answer), meanwhile = how
            town.answer(*answer, partial(act, town, meanwhile))
            reached["interrupted by another process"] += 1
        else:
            getattr(town, name)(*how)
        town.look()

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(acts, max_size=14))
    def whatever_happens(happening: list[Act]) -> None:
        town = Town(houses, next(numbers), reached)
        for one in happening:
            act(town, one)

    for story in (*STORIES.values(), *MEANWHILE):  # so that no seed leaves a state out
        whatever_happens = example(story)(whatever_happens)
    whatever_happens()
    assert all(reached[state] for state in (*STORIES, "interrupted by another process")), reached

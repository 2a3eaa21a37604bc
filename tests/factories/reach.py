"""A property that never meets the state it is about proves nothing: such a test counts its states and demands each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec

Given = ParamSpec("Given")
_seen: ContextVar[Counter[str]] = ContextVar("seen")


def reached(*states: str) -> None:
    """This example came into these states."""
    _seen.get().update(states)


def must_reach(*states: str, times: int = 1) -> Callable[[Callable[Given, None]], Callable[Given, None]]:
    """Above `@given`: among all examples of a run each of these states was reached so many times at least.
    AssertionError names what was reached."""

    def demanding(test: Callable[Given, None]) -> Callable[Given, None]:
        @wraps(test)
        def whole(*args: Given.args, **kwargs: Given.kwargs) -> None:
            before = _seen.set(seen := Counter())
            try:
                test(*args, **kwargs)
            finally:
                _seen.reset(before)
            assert all(seen[state] >= times for state in states), seen

        return whole

    return demanding

"""Whose turn it is: who used least, a place that is never a heavy one's, one child for one deflated object."""

from __future__ import annotations

from app.imaging.sandbox.turns import HEAVY_S, REST_S, Account, Turns, Waiting


class Now:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def turns_of(places: int) -> tuple[Turns, Now]:
    now = Now()
    return Turns(places, now), now


def wait(turns: Turns, used_s: float = 0.0, whole: str | None = None) -> Waiting:
    one = Waiting(Account(used_s=used_s), whole)
    turns.wait(one)
    return one


def serve(turns: Turns, used_s: float = 0.0, whole: str | None = None) -> Waiting:
    one = wait(turns, used_s, whole)
    assert turns.is_next(one)
    turns.serve(one)
    return one


def test_who_used_least_is_next_and_among_equals_who_came_first() -> None:
    turns, _ = turns_of(1)
    busy = wait(turns, used_s=9.0)
    first, second = wait(turns), wait(turns)
    assert [turns.is_next(one) for one in (busy, first, second)] == [False, True, False]


def test_nobody_is_next_without_a_free_place() -> None:
    turns, _ = turns_of(1)
    serve(turns)
    assert not turns.is_next(wait(turns))


def test_the_time_of_a_frame_goes_on_its_account() -> None:
    turns, now = turns_of(1)
    one = serve(turns)
    now.seconds += HEAVY_S
    assert not one.account.is_heavy
    turns.end(one)
    assert one.account.used_s == HEAVY_S
    assert one.account.is_heavy


def test_heavy_ones_leave_one_place_to_the_others_while_these_are_not_silent() -> None:
    turns, now = turns_of(2)
    turns.end(serve(turns))
    serve(turns, used_s=HEAVY_S)
    heavy = wait(turns, used_s=HEAVY_S)
    assert not turns.is_next(heavy)
    now.seconds += REST_S
    assert turns.is_next(heavy)
    other = wait(turns)
    assert [turns.is_next(heavy), turns.is_next(other)] == [False, True]


def test_of_a_single_place_heavy_ones_get_what_the_others_leave() -> None:
    turns, now = turns_of(1)
    turns.end(serve(turns))
    heavy = wait(turns, used_s=HEAVY_S)
    assert not turns.is_next(heavy)
    now.seconds += REST_S
    assert turns.is_next(heavy)


def test_two_frames_of_one_deflated_object_have_no_two_children() -> None:
    turns, _ = turns_of(2)
    first = serve(turns, whole="one")
    same, other = wait(turns, whole="one"), wait(turns, whole="other")
    assert [turns.is_next(same), turns.is_next(other)] == [False, True]
    turns.end(first)
    assert turns.is_next(same)


def test_who_left_is_nobodys_next() -> None:
    turns, _ = turns_of(1)
    gone, staying = wait(turns), wait(turns)
    turns.leave(gone)
    assert turns.is_next(staying)

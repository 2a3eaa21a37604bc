"""Several calls to a carrier at once: few while it is silent, each recorded once, by the one thread that asked."""

from __future__ import annotations

import threading

import pytest

from app.errors import DatabaseUnavailable
from app.services.notifications.flights import Flights

MOST, CALLS = 4, 40


class Carrier:
    """Answers when as many calls wait as it is told to; `open` counts those that wait."""

    def __init__(self, *, silent: bool = False) -> None:
        self.silent, self.open, self.widest = silent, 0, 0
        self.lock = threading.Lock()
        self.landed: list[tuple[int, str]] = []
        self.together = threading.Barrier(MOST)

    def call(self, number: int) -> str:
        with self.lock:
            self.open += 1
            self.widest = max(self.widest, self.open)
        if number in range(MOST * 2, MOST * 3):  # the window is open by then: these wait for each other
            self.together.wait(timeout=30)
        with self.lock:
            self.open -= 1
        return threading.current_thread().name

    def land(self, number: int, thread: str) -> bool:
        assert threading.current_thread() is threading.main_thread()
        self.landed.append((number, thread))
        return not self.silent


class Killed(BaseException):
    """The worker dies here."""


def fly(carrier: Carrier, most: int) -> None:
    with Flights(most=most, call=carrier.call, land=carrier.land) as flights:
        for number in range(CALLS):
            flights.make_room()
            flights.begin(number)


def test_a_carrier_that_answers_gets_as_many_calls_at_once_as_allowed_and_each_lands_once() -> None:
    carrier = Carrier()
    fly(carrier, MOST)
    assert carrier.widest == MOST, "as many as allowed waited for each other"
    assert sorted(number for number, _ in carrier.landed) == list(range(CALLS))


def test_a_silent_carrier_is_asked_one_call_after_the_other() -> None:
    carrier = Carrier(silent=True)
    carrier.together = threading.Barrier(1)
    fly(carrier, MOST)
    assert carrier.widest == 1
    assert [number for number, _ in carrier.landed] == list(range(CALLS))


def test_with_one_at_a_time_nothing_runs_in_a_thread() -> None:
    carrier = Carrier()
    carrier.together = threading.Barrier(1)
    fly(carrier, 1)
    assert {thread for _, thread in carrier.landed} == {threading.main_thread().name}


def test_when_one_answer_cannot_be_recorded_the_others_in_the_air_are_and_then_it_is_told() -> None:
    landed = []

    def land(number: int, _: int) -> bool:
        if number == 7:
            raise DatabaseUnavailable
        landed.append(number)
        return True

    def fly_them() -> int:
        begun = 0
        with Flights(most=MOST, call=lambda number: number, land=land) as flights:
            for number in range(CALLS):
                flights.make_room()
                flights.begin(number)
                begun += 1
        return begun

    with pytest.raises(DatabaseUnavailable):
        fly_them()
    assert set(range(7)) <= set(landed)
    assert 7 not in landed
    assert len(landed) < CALLS - 1, "no call begins after that"


@pytest.mark.parametrize("most", [1, MOST])
def test_an_answer_that_cannot_be_recorded_is_no_fault_of_the_message_that_begins_next(most: int) -> None:
    landed, begun = [], []

    def land(number: int, _: int) -> bool:
        if number == 7:
            raise KeyError("a fault of ours while number 7 lands")
        landed.append(number)
        return True

    with Flights(most=most, call=lambda number: number, land=land) as flights:
        for number in range(CALLS):
            flights.make_room()
            flights.begin(number)
            begun.append(number)
    assert begun == list(range(CALLS)), "no other message bears the fault"
    assert sorted(landed) == [number for number in range(CALLS) if number != 7]


def test_when_the_worker_dies_while_answers_land_no_thread_is_left() -> None:
    def land(number: int, _: int) -> bool:
        raise Killed

    def fly_one() -> None:
        with Flights(most=MOST, call=lambda number: number, land=land) as flights:
            flights.make_room()
            flights.begin(0)

    with pytest.raises(Killed):
        fly_one()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("sending")]

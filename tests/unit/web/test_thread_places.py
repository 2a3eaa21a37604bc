"""Places for slow work: in all and for one caller, given back once."""

from __future__ import annotations

import pytest

from app.errors import Busy
from app.web.wsgi.thread_places import Places, of_threads


def test_there_are_so_many_places_and_no_more() -> None:
    places = Places(2)
    first, second = places.taken(), places.taken()
    assert first is not None
    assert second is not None
    assert places.taken() is None
    first()
    first()  # a second call gives back nothing
    assert places.taken() is not None
    assert places.taken() is None


def test_one_caller_has_all_places_but_one() -> None:
    places = Places(3)
    mine = {"token:a": places.for_one, "address:b": places.for_one}
    held = [places.taken(mine) for _ in range(3)]
    assert [give_back is not None for give_back in held] == [True, True, False]
    assert places.taken({"token:a": 2}) is None
    assert places.taken({"token:c": 2, "address:b": 2}) is None  # another token of the same address
    others = places.taken({"token:c": 2})
    assert others is not None
    assert held[0] is not None
    held[0]()
    others()
    assert places.taken(mine) is not None


def test_a_single_place_is_anybodys() -> None:
    assert Places(1).for_one == 1
    assert of_threads(1, 4) == 1


def test_who_finds_no_place_is_told_when_to_come_and_a_fault_gives_the_place_back() -> None:
    places = Places(1)
    with pytest.raises(ZeroDivisionError), places.place({}):
        _refused(places)
    with places.place({}):
        pass


def _refused(places: Places) -> None:
    with pytest.raises(Busy), places.place({}):
        pass
    raise ZeroDivisionError

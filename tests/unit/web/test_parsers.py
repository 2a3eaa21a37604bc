"""Each parser ends as it documents: for what is meant, for what was found once, and for both with bytes changed.

`make soak` searches on, guided by coverage (tests/soak/fuzz.py).
"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import odd_values
from tests.factories.fuzzed_parsers import PARSERS, children
from tests.places import ROOT

FOUND = ROOT / "tests" / "soak" / "found"


@pytest.fixture(autouse=True, scope="module")
def _one_child_decodes_for_all() -> None:
    children()


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_takes_what_is_meant(name: str) -> None:
    seeds = list(PARSERS[name].seeds())
    assert seeds
    for seed in seeds:
        assert len(seed) <= PARSERS[name].most_bytes
        PARSERS[name].check(seed)


@pytest.mark.parametrize("path", sorted(FOUND.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_found_once_is_no_fault_any_more(path: object) -> None:
    PARSERS[path.parent.name].check(path.read_bytes())  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", PARSERS)
@given(seed=st.integers(0, 2**32))
def test_a_parser_ends_as_it_documents_whatever_is_changed(name: str, seed: int) -> None:
    random, seeds = Random(seed), list(PARSERS[name].seeds())
    changed = odd_values.broken(random, random.choice(seeds))
    PARSERS[name].check(odd_values.sent(random, changed) if random.random() < 0.3 else changed)

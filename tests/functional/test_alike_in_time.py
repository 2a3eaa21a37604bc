"""Live codes are answered in the time of dead ones: interleaved pairs show no difference.

No limit in seconds is asserted: a loaded machine makes both slower. What chance finds once is measured again, and
pooled. That both do the same work is counted without a clock in tests/integration/patient_access/test_alike_in_work.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.factories.live_and_dead import FORMS, WAYS, Rig, tell_apart
from tests.factories.paired_times import Difference, Prepare, difference, measured

pytestmark = pytest.mark.server
PAIRS = int(os.environ.get("SOAK_PAIRS", "300"))
"""In a round; tests/soak/alike.py takes 2 000."""
ROUNDS, Z, EXAMS = 4, 3.0, 100


@pytest.fixture(scope="module")
def house_of_codes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    rig = Rig(tmp_path_factory.mktemp("alike"), EXAMS)
    yield rig
    rig.house.db.dispose()


@pytest.fixture
def rig(house_of_codes: Rig) -> Rig:
    house_of_codes.is_crowded = False
    return house_of_codes


def found(rig: Rig, way: str, kind: str, *, until_beyond: bool) -> Difference:
    """Of PAIRS, and of more as long as the answer is not `until_beyond`: a difference grows with their number,
    and chance does not."""

    def pair(number: int) -> tuple[Prepare, Prepare]:
        return rig.pair(way, FORMS[kind], number)

    differences: list[float] = []
    measured(EXAMS, pair)  # warm
    for _ in range(ROUNDS):
        differences += measured(PAIRS, pair)
        result = difference(differences)
        if result.is_beyond(Z) == until_beyond:
            break
    return result


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", FORMS)
def test_live_and_dead_codes_take_the_same_time(rig: Rig, way: str, kind: str) -> None:
    result = found(rig, way, kind, until_beyond=False)
    assert not result.is_beyond(Z), str(result)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["factor", "one-time code"])
def test_also_when_the_live_code_has_a_row_and_the_dead_one_has_none(rig: Rig, way: str, kind: str) -> None:
    rig.is_crowded = True
    result = found(rig, way, kind, until_beyond=False)
    assert not result.is_beyond(Z), str(result)


def test_the_measurement_finds_what_was_there_before(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    tell_apart(monkeypatch)
    result = found(rig, "/q", "factor", until_beyond=True)
    assert result.is_beyond(Z), str(result)
    assert result.median_s > 0

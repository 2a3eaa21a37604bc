"""What those who run it ask: alive, ready, and which part is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories.access import application
from tests.factories.house import services

PARTS = {"database", "store", "queue"}
"""Redis is a part only where it is set."""


def test_a_running_house_is_ready_in_every_part(tmp_path: Path) -> None:
    answer = application(services(tmp_path)).test_client().get("/readyz")
    assert (answer.status_code, answer.json) == (200, dict.fromkeys(PARTS, "ok"))


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_part_that_fails_is_named_and_the_process_stays_alive(
    tmp_path: Path, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = services(tmp_path)

    def away() -> None:
        raise OSError("secret address")

    probes = {**house.probes(), part: away}
    monkeypatch.setattr(type(house), "probes", lambda self: probes)
    client = application(house).test_client()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {**dict.fromkeys(PARTS, "ok"), part: "failed"}
    assert client.get("/healthz").status_code == 200

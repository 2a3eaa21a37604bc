"""Whole studies and series keep a thread for as long as their taker is slow: few at a time."""

from __future__ import annotations

import pytest

from app.web.machine.dicomweb import resources
from tests.factories.readable_study import ONE, STUDY
from tests.factories.reading_machine import ReadingMachine


def test_whole_studies_are_sent_to_few_at_a_time_and_the_others_told_when_to_come(
    machine: ReadingMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    [(_, one)] = machine.parts(ONE)
    monkeypatch.setattr(resources, "HELD_BY_PROXY", len(one))  # what is larger keeps a thread
    places = machine.client.application.extensions["cloudfilm.machines-downloads"]
    taken = [place for _ in range(8) if (place := places.taken())]
    assert len(taken) == 2
    refused = machine.get(f"/studies/{STUDY}")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "60")
    assert machine.parts(ONE)
    for give_back in taken:
        give_back()
    assert all(machine.parts(f"/studies/{STUDY}") for _ in range(5))

"""Whole studies and series keep a thread for as long as their taker is slow: few at a time."""

from __future__ import annotations

import io

import pydicom
import pytest

from app.web.machine.dicomweb import resources
from deploy.testbed.ct import ct_slice, part10
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


def test_a_small_file_that_is_large_when_decoded_needs_a_place(
    machine: ReadingMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = ct_slice(256, StudyInstanceUID="1.2.99", SeriesInstanceUID="1.2.99.1", SOPInstanceUID="1.2.99.2")
    plain.PixelData = bytes(2 * 256 * 256)
    compressed = pydicom.dcmread(io.BytesIO(part10(plain)))
    compressed.compress("1.2.840.10008.1.2.5", generate_instance_uid=False)
    file = part10(compressed, "1.2.840.10008.1.2.5")
    machine.hold(file)
    monkeypatch.setattr(resources, "HELD_BY_PROXY", len(file) * 2)
    places = machine.client.application.extensions["cloudfilm.machines-downloads"]
    taken = [place for _ in range(8) if (place := places.taken())]
    assert machine.get("/studies/1.2.99").status_code == 503
    for give_back in taken:
        give_back()
    assert len(machine.parts("/studies/1.2.99")[0][1]) > 2 * 256 * 256

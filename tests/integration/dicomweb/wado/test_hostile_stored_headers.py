"""Stored headers that kill whoever reads them: a child dies, the object is named, and the answer goes on."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.dicom import part10 as parsing
from app.errors import StoreUnavailable
from app.imaging.errors import ChildUnavailable
from app.imaging.header.stored_header import StoredAnswer
from app.imaging.sandbox import study_budgets
from app.services.dicomweb.stored_headers import WHOLE_OBJECT
from deploy.testbed.ct import ct_slice, part10
from tests.factories.kept_object import headers_of, stored
from tests.factories.own_header_pool import OwnPool, memory_bomb, time_bomb
from tests.factories.reading_machine import ReadingMachine

STUDY, SERIES = "1.2.3", "1.2.3.4"
BOMBS = {"memory": memory_bomb, "time": time_bomb}
PATIENT_ID, SOP_UID = "00100020", "00080018"


def sound(number: int) -> bytes:
    names = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": SERIES, "SOPInstanceUID": f"{SERIES}.{number}"}
    return part10(ct_slice(**names, InstanceNumber=number, PatientID="P1"))


def sound_of(study_uid: str) -> bytes:
    names = {"StudyInstanceUID": study_uid, "SeriesInstanceUID": f"{study_uid}.1", "SOPInstanceUID": f"{study_uid}.1.1"}
    return part10(ct_slice(**names, PatientID="P1"))


def bomb(kind: str, number: int) -> bytes:
    return BOMBS[kind](StudyInstanceUID=STUDY, SeriesInstanceUID=SERIES, SOPInstanceUID=f"{SERIES}.{number}")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[ReadingMachine]:
    machine = ReadingMachine(tmp_path)
    yield machine
    machine.close()


@pytest.fixture
def pool(machine: ReadingMachine) -> Iterator[OwnPool]:
    """Children of little memory and one second read what is stored; what comes in is read by others."""
    pool = OwnPool(2, 1, 400 << 20)
    object.__setattr__(machine.services.dicomweb.headers, "reader", pool)
    yield pool
    pool._children.close()


@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.parametrize("place", [0, 3])
def test_metadata_names_the_object_that_kills_a_child_and_tells_the_others(
    machine: ReadingMachine, pool: OwnPool, kind: str, place: int
) -> None:
    machine.hold(*(bomb(kind, number) if number == place else sound(number) for number in range(8)))
    for _ in range(2):
        answer = machine.get(f"/studies/{STUDY}/metadata")
        assert answer.status_code == 200
        found = {item[SOP_UID]["Value"][0]: item for item in json.loads(answer.get_data())}
        assert sorted(found) == [f"{SERIES}.{number}" for number in range(8)]
        readable = [uid for uid, item in found.items() if PATIENT_ID in item]
        assert sorted(readable) == [f"{SERIES}.{number}" for number in range(8) if number != place]
    alone = machine.get(f"/studies/{STUDY}/series/{SERIES}/instances/{SERIES}.{place}/metadata")
    assert WHOLE_OBJECT in alone.headers["Warning"]


def test_in_xml_too(machine: ReadingMachine, pool: OwnPool) -> None:
    machine.hold(sound(0), bomb("memory", 1), sound(2))
    parts = machine.parts(f"/studies/{STUDY}/metadata", 'multipart/related; type="application/dicom+xml"')
    assert ["P1" in body.decode() for _, body in parts] == [True, False, True]


def test_a_study_that_used_up_its_time_is_told_by_the_index_and_asks_no_child(
    machine: ReadingMachine, pool: OwnPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.hold(sound(0), sound(1), sound_of("1.2.9"))
    pool._budgets.of(STUDY).used_s += 2 * study_budgets.BUDGET_S
    take = pool._children._take
    asked: list[int] = []
    monkeypatch.setattr(pool._children, "_take", lambda *args: asked.append(1) or take(*args))
    found = json.loads(machine.get(f"/studies/{STUDY}/metadata").get_data())
    assert [PATIENT_ID in item for item in found] == [False, False]
    assert asked == []
    [other] = json.loads(machine.get("/studies/1.2.9/metadata").get_data())
    assert other[PATIENT_ID]["Value"] == ["P1"]


def test_bulk_data_and_files_of_the_others_are_sent(machine: ReadingMachine, pool: OwnPool) -> None:
    machine.hold(sound(0), bomb("time", 1), sound(2))
    hostile = f"/studies/{STUDY}/series/{SERIES}/instances/{SERIES}.1"
    assert machine.get(f"{hostile}/bulkdata/00420011").status_code == 404
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1'
    assert len(machine.parts(f"/studies/{STUDY}", accept)) in (2, 3)
    assert len(machine.parts(f"/studies/{STUDY}/bulkdata")) >= 2


def test_a_search_by_what_only_objects_tell_goes_on(machine: ReadingMachine, pool: OwnPool) -> None:
    machine.hold(bomb("memory", 0))
    assert machine.get("/series", includefield="00180015").status_code == 200


def test_nothing_of_a_stored_header_is_parsed_in_the_process_that_asks(
    machine: ReadingMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.hold(*(sound(number) for number in range(3)))

    def parsed_here(*_: Any, **__: Any) -> Any:
        raise AssertionError("a header was parsed here")

    for name in ("read_partial", "read_dataset", "read_sequence", "_parse"):
        monkeypatch.setattr(parsing, name, parsed_here)
    monkeypatch.setattr("app.dicom.behind_pixels.read_dataset", parsed_here)
    found = json.loads(machine.get(f"/studies/{STUDY}/metadata").get_data())
    assert [item[PATIENT_ID]["Value"] for item in found] == [["P1"]] * 3
    instance = f"/studies/{STUDY}/series/{SERIES}/instances/{SERIES}.1"
    assert machine.get(f"{instance}/bulkdata").status_code == 200
    assert machine.parts(instance, 'multipart/related; type="application/dicom"')


def test_children_killed_meanwhile_cost_no_object(machine: ReadingMachine, pool: OwnPool) -> None:
    machine.hold(*(sound(number) for number in range(3)))
    assert machine.get(f"/studies/{STUDY}/metadata").status_code == 200
    for child in pool._children._idle:
        os.kill(child._process._process.pid, signal.SIGKILL)
    found = json.loads(machine.get(f"/studies/{STUDY}/metadata").get_data())
    assert [item[PATIENT_ID]["Value"] for item in found] == [["P1"]] * 3


def test_when_no_child_can_start_the_caller_is_told_to_come_again(
    machine: ReadingMachine, pool: OwnPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.hold(sound(0))

    def none(*_: Any) -> Any:
        raise ChildUnavailable("no child process can be started")

    monkeypatch.setattr(pool._children, "_take", none)
    assert machine.get(f"/studies/{STUDY}/metadata").status_code == 503


class Lying:
    """A child that a header took over says what it likes."""

    def __init__(self, answer: StoredAnswer) -> None:
        self.answer = answer

    def stored(self, _asked: Any) -> StoredAnswer:
        return self.answer

    def stored_all(self, asked: Any) -> Iterator[StoredAnswer]:
        for _ in asked:
            yield self.answer


@pytest.mark.parametrize(
    "answer",
    [
        StoredAnswer({"left_out": []}, b'{"00100020":{}},{"00100020":{}}'),
        StoredAnswer({"left_out": []}, b"[]"),
        StoredAnswer({"left_out": []}, b'{"00100020":{"vr":"LO","Value":{}}}'),
        StoredAnswer({"left_out": []}, b'{"00100020":{"vr":"\\"><x"}}'),
        StoredAnswer({"left_out": []}, b'{"00100020":{"vr":"LO","Value":[["a"]]}}'),
        StoredAnswer({"left_out": []}, b'{"00100020":{"vr":"LO","Value":[{"00100020":{"vr":"LO"}}]}}'),
        StoredAnswer({"left_out": []}, b'{"00100020":{"vr":"SQ","Value":["a"]}}'),
        StoredAnswer({"left_out": []}, b'{"00100020":{"vr":"PN","Value":[{"Alphabetic":7}]}}'),
        StoredAnswer({"left_out": []}, b'{"00100020":{"vr":"OB","InlineBinary":7}}'),
        StoredAnswer({"left_out": []}, b'{"x":{"vr":"LO"}}'),
        StoredAnswer({"left_out": []}, b'{"vr":"LO"}'),
        StoredAnswer({"left_out": []}, b'{"00100020":{"vr":"FD","Value":[NaN]}}'),
        StoredAnswer({"left_out": []}, b""),
        StoredAnswer({"left_out": []}, b"{" * 100_000),
        StoredAnswer({"left_out": []}, b'{"a":' * 100_000),
        StoredAnswer({"left_out": []}, '{"a":"名"}'.encode()),
        StoredAnswer({"left_out": ["x\r\nSet-Cookie: a=b"]}, b"{}"),
        StoredAnswer({"left_out": ["00100020"] * 21}, b"{}"),
        StoredAnswer({"left_out": "00100020"}, b"{}"),
        StoredAnswer({}, b"{}"),
    ],
)
def test_what_a_child_says_stays_one_object_of_its_own(answer: StoredAnswer) -> None:
    data = sound(0)
    found = stored(data)
    assert found is not None
    made = headers_of(data, Lying(answer)).metadata(found, "")
    assert made.left_out == (WHOLE_OBJECT,)
    assert json.loads(made.text)[SOP_UID]["Value"] == [found.sop_uid]


@pytest.mark.parametrize(
    "answer",
    [
        StoredAnswer({"values": [["00420011", 5]]}, b"1234"),
        StoredAnswer({"values": [["00420011", -1]]}, b""),
        StoredAnswer({"values": [["../x", 4]]}, b"1234"),
        StoredAnswer({"values": [7]}, b""),
        StoredAnswer({"values": None}, b""),
        StoredAnswer({}, b""),
    ],
)
def test_bulk_data_that_does_not_fit_its_own_list_is_none(answer: StoredAnswer) -> None:
    data = sound(0)
    found = stored(data)
    assert found is not None
    assert headers_of(data, Lying(answer)).all_bulk(found) == []


def test_a_store_that_does_not_answer_is_no_fault_of_the_object() -> None:
    data = sound(0)
    found = stored(data)
    assert found is not None
    headers = headers_of(data)

    def out(*_: Any, **__: Any) -> bytes:
        raise StoreUnavailable("the store is out")

    object.__setattr__(headers.archive, "open_range", out)
    with pytest.raises(StoreUnavailable):
        headers.metadata(found, "")

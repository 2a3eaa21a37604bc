"""A whole name finds its studies among many that nobody confirmed: by the names that headers say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.database import schema
from app.models import Study
from deploy.testbed.ct import ct_slice, part10
from tests.factories.reading_machine import ReadingMachine, tag

STUDY = "0020000D"
NAMES = ("Li^Na=李^娜", "Wang^Wei=王^伟", "Zhao^Min", "Qian^Duo", "")
UIDS = [f"1.2.826.0.1.7.{number}" for number in range(len(NAMES))]


def hold(machine: ReadingMachine, number: int, name: str) -> str:
    """One more study of no exam; its UID."""
    uid = f"1.2.826.0.1.8.{number}"
    machine.hold(
        part10(ct_slice(StudyInstanceUID=uid, PatientName=name, PatientID=uid, SpecificCharacterSet="GB18030"))
    )
    return uid


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReadingMachine]:
    """It holds studies of no exam, more than it opens for one search."""
    monkeypatch.setattr("app.services.dicomweb.late_keys.MOST_ROWS", 2)
    built = ReadingMachine(tmp_path)
    for uid, name in zip(UIDS, NAMES, strict=True):
        built.hold(
            part10(ct_slice(StudyInstanceUID=uid, PatientName=name, PatientID=uid, SpecificCharacterSet="GB18030"))
        )
    yield built
    built.close()


def found(machine: ReadingMachine, name: str) -> set[str]:
    answer = machine.get("/studies", PatientName=name)
    assert answer.status_code in (200, 204), answer.get_data()
    return {tag(item, STUDY) for item in (answer.json if answer.status_code == 200 else ())}


def index(machine: ReadingMachine) -> None:
    while machine.services.dicomweb.names.index_due():
        pass


def test_a_name_finds_its_study_among_many_of_no_exam(machine: ReadingMachine) -> None:
    assert machine.get("/studies", PatientName="Li^Na").status_code == 400, "without keys all of them would be opened"
    index(machine)
    for name in ("Li^Na", "LI^NA", "李^娜", "李娜", "Li^Na=李^娜"):
        assert found(machine, name) == {UIDS[0]}, name
    assert found(machine, "Zhao^Min") == {UIDS[2]}
    for name in ("Li", "Li^Na=王^伟", "Sun^Li"):
        assert found(machine, name) == set(), name


def test_a_pattern_finds_whole_parts_of_a_name_among_many_and_says_so(machine: ReadingMachine) -> None:
    index(machine)
    for pattern, number in {
        "*娜*": 0,
        "*李*": 0,
        "*李娜*": 0,
        "*na*": 0,
        "*Wei*": 1,
        "*Zhao^Min*": 2,
        "*Duo*": 3,
    }.items():
        answer = machine.get("/studies", PatientName=pattern)
        assert [tag(item, STUDY) for item in answer.json] == [UIDS[number]], pattern
        assert "whole" in answer.headers["Warning"]
    assert found(machine, "*ha*") == set(), "part of a part is found once few studies are left"
    answer = machine.get("/studies", PatientName="*ha*", PatientID=UIDS[2])
    assert [tag(item, STUDY) for item in answer.json] == [UIDS[2]]
    assert "Warning" not in answer.headers
    for pattern in ("Zha*", "*min", "Z?ao^Min", "*Li*=*娜*"):
        assert machine.get("/studies", PatientName=pattern).status_code == 400, pattern


def test_a_name_of_more_studies_than_are_opened_finds_them_all_page_by_page(machine: ReadingMachine) -> None:
    uids = [hold(machine, number, "Sun^Li=孙^丽") for number in range(5)]
    index(machine)
    for name in ("Sun^Li", "孙丽", "*孙*", "*Li*"):
        pages = [machine.get("/studies", PatientName=name, limit="2", offset=str(at)) for at in (0, 2, 4)]
        met = {tag(item, STUDY) for page in pages for item in page.json}
        assert met == {*uids, *([UIDS[0]] if name == "*Li*" else [])}, name
        series = machine.get("/series", PatientName=name, limit="9")
        assert {tag(item, STUDY) for item in series.json} == met, name
    assert machine.get("/studies", PatientName="孙*").status_code == 400


def test_what_came_just_now_is_found_among_many(machine: ReadingMachine) -> None:
    uids = {hold(machine, number, "Sun^Li=孙^丽") for number in range(3)}
    index(machine)
    newest = hold(machine, 8, "Sun^Li=孙^丽")
    other = hold(machine, 9, "Zhou^Hua")
    assert found(machine, "孙丽") == found(machine, "*孙*") == {*uids, newest}
    assert found(machine, "*Zhou*") == {other}


def test_a_corrected_name_is_due_again(machine: ReadingMachine) -> None:
    index(machine)
    with machine.services.db.session() as session:
        study = session.scalars(select(Study).where(Study.study_instance_uid == UIDS[0])).one()
        other = session.scalars(select(Study).where(Study.study_instance_uid == UIDS[1])).one()
        study.identity_sealed = other.identity_sealed  # of another row: it does not open
        assert study.names_due
    assert machine.services.dicomweb.names.index_due() == 1
    assert machine.services.dicomweb.names.index_due() == 0
    assert found(machine, "Wang^Wei") == {UIDS[1]}, "another's name names nobody"


def test_studies_of_the_release_before_get_their_keys(machine: ReadingMachine) -> None:
    index(machine)
    schema.downgrade(machine.services.db, "0033")
    schema.upgrade(machine.services.db)
    assert machine.get("/studies", PatientName="Li^Na").status_code == 400
    index(machine)
    assert found(machine, "Li^Na") == {UIDS[0]}

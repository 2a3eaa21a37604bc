"""The desk sees both sides of what does not fit, gets exams of the same person proposed, and one damaged row hides no
other."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from app.bootstrap import Services
from app.errors import Conflict
from app.models import Patient, Study
from tests.factories.staff import Console, audited
from tests.factories.telling import exam_of, mark_prepared, order, receive_study, register, report, study

PAGE = "/staff/unmatched"
STRANGER = {"patient_id": "P2", "patient_name": "王强", "patient_sex": "M"}


def test_a_study_that_differs_shows_whom_each_side_names(house: Services, desk: Console) -> None:
    register(house, "A1", patient_sex="M", patient_name="王强")
    receive_study(house, AccessionNumber="A1", StationName="CT-3")
    page = desk.get(PAGE).text
    for said in ("李^娜", "王强", "CT-3", "CT", "1960-01-02", "姓名、性别不一致", "2026-01-01"):
        assert said in page, said
    assert page.count("（不一致）") == 4, "both sides mark the name and the sex"
    assert "确认归到" not in page, "who the patient is, is never settled at the desk"
    [event] = audited(house, "staff.viewed_waiting")
    assert (event.actor, event.detail) == ("staff:desk", {"found": 1})


@pytest.mark.parametrize("number", ["", "WRONG"])
def test_an_exam_of_the_same_person_is_proposed_and_taken(house: Services, desk: Console, number: str) -> None:
    register(house, "A1")
    register(house, "OF-A-STRANGER", **STRANGER)
    uid = receive_study(house, AccessionNumber=number)
    page = desk.get(PAGE).text
    assert "确认归到 A1" in page
    assert "OF-A-STRANGER" not in page
    address = f"{PAGE}/{order(house, uid).id.hex}/accept"
    assert desk.post(address, PAGE, accession_number="A1").status_code == 303
    found = order(house, uid)
    assert (found.match_state, found.accession_number, study(house, uid).accession_number) == ("matched", "A1", "A1")
    [event] = audited(house, "study.labelled")
    assert (event.actor, event.detail["exam"]) == ("staff:desk", exam_of(house).id.hex)
    assert desk.post(address, PAGE, accession_number="A1").status_code == 409, "settled already"


def test_no_request_gives_a_study_to_another_person(house: Services, desk: Console) -> None:
    register(house, "A1")
    register(house, "B7", **STRANGER)
    uid = receive_study(house, AccessionNumber="WRONG")
    address = f"{PAGE}/{order(house, uid).id.hex}/accept"
    answer = desk.post(address, PAGE, accession_number="B7")
    assert (answer.status_code, "内容已有变化" in answer.text) == (409, True)
    assert desk.post(address, PAGE, accession_number="NONE").status_code == 409
    differs = receive_study(house, AccessionNumber="B7")
    with pytest.raises(Conflict):
        house.desk.proposals.accept(order(house, differs).id, "A1", "staff:a")
    assert {order(house, each).match_state for each in (uid, differs)} == {"unmatched", "mismatch"}
    assert audited(house, "study.labelled") == []


def test_held_exams_are_listed_with_their_reason(house: Services, desk: Console) -> None:
    exam_id = register(house)
    house.release.holds.withhold(exam_id, "疑似传错患者", "staff:a")
    page = desk.get(PAGE).text
    assert "疑似传错患者" in page
    assert f"/staff/exams/{exam_id.hex}" in page


def test_a_study_that_moved_is_told_in_words_that_fit(house: Services, desk: Console) -> None:
    exam_id = register(house)
    report(house)
    mark_prepared(house)
    with house.db.session() as session:
        house.exams.matching.holds.study_moved(session, exam_of(house))
    assert exam_of(house).held_at is None, "it shows another study, so nobody doubts the report"
    register(house, "A2")
    report(house, "A2")
    with house.db.session() as session:
        house.exams.matching.holds.study_moved(session, exam_of(house, "A2"))
    page = desk.get(f"/staff/exams/{exam_of(house, 'A2').id.hex}").text
    assert "归到了另一个检查号" in page
    assert "患者编号，患者现在" not in page
    assert exam_id != exam_of(house, "A2").id


def test_one_field_that_does_not_open_hides_no_other_row(house: Services, desk: Console) -> None:
    register(house, "A1")
    register(house, "A2", patient_id="P2", patient_phone="13900000002")
    uids = [receive_study(house, AccessionNumber=number) for number in ("X1", "X2")]
    with house.db.session() as session:
        damaged = Patient.phone_hash == house.blind.of("patient.phone", "+8613900000002")
        session.execute(update(Patient).where(damaged).values(name_sealed=b"\2damaged"))
        session.execute(update(Study).where(Study.study_instance_uid == uids[0]).values(identity_sealed=b"\2damaged"))
    found = desk.client.get("/staff/exams", query_string={"q": "李"})
    assert found.status_code == 200
    assert found.text.count("读不出") == 1
    assert found.text.count("staff-target") == 2
    page = desk.get(PAGE)
    assert page.status_code == 200
    assert "读不出" in page.text
    assert "X2" in page.text
    subjects = [event.subject for event in audited(house, "field.refused")]
    assert len(subjects) == 2, "each damage is recorded"

"""The desk corrects a phone number, and sees what the patient sees without seeing the patient's data."""

from __future__ import annotations

import pytest

from app.bootstrap import Services
from tests.factories.access import issued
from tests.factories.staff import Console, actions, audited
from tests.factories.telling import PHONE, exam_of, messages, register, released, report, sweep

NEW = "13900000009"


def test_the_corrected_number_gets_the_news_and_the_old_ones_codes_end(house: Services, desk: Console) -> None:
    exam_id = released(house)
    with house.db.session() as session:
        house.patient_access.codes.issue_pickup(session, exam_of(house), PHONE)
    sweep(house)
    assert len(messages(house, PHONE)) == 1
    page = f"/staff/exams/{exam_id}"
    answer = desk.post(f"{page}/phone", page, phone="139 0000-0009", reason="手机号已换，已核对证件")
    assert answer.status_code == 303
    assert "139****0009" in desk.get(page).text
    assert house.desk.exam_search.find(NEW, "staff:a").rows[0].phone_tail == "0009"
    assert ("staff.corrected_phone", "staff:desk", "手机号已换，已核对证件") in actions(house, exam_id)
    [event] = audited(house, "patient.corrected")
    assert (event.actor, event.detail) == ("staff:desk", {"fields": ["phone"]})
    assert [event.detail["reason"] for event in audited(house, "code.revoked")] == ["another_phone"]
    desk.post(f"{page}/resend", page, reason="患者没有收到")
    sweep(house)
    assert len(messages(house, f"+86{NEW}")) == 1


@pytest.mark.parametrize(
    ("phone", "reason", "status", "said"),
    [
        ("123", "已核对", 400, "手机号"),
        ("", "已核对", 400, "手机号"),
        (NEW, " ", 400, "原因"),
        ("13900000001", "已核对", 409, "就是登记的"),
    ],
)
def test_a_number_that_is_none_or_no_other_changes_nothing(
    house: Services, desk: Console, phone: str, reason: str, status: int, said: str
) -> None:
    exam_id = released(house)
    page = f"/staff/exams/{exam_id}"
    answer = desk.post(f"{page}/phone", page, phone=phone, reason=reason)
    assert answer.status_code == status
    assert said in answer.text
    assert NEW not in answer.text, "what was typed is not shown again"
    assert audited(house, "patient.corrected") == audited(house, "code.revoked") == []


def test_the_ris_wins_when_it_sends_the_exam_again(house: Services, desk: Console) -> None:
    exam_id = released(house)
    house.desk.phone_numbers.correct(exam_of(house).id, NEW, "已核对", "staff:a")
    register(house)
    assert "139****0001" in desk.get(f"/staff/exams/{exam_id}").text


def test_what_the_patient_sees_holds_no_personal_data(house: Services, desk: Console) -> None:
    exam = issued(house)
    report(house, findings="右肺上叶结节")
    page = f"/staff/exams/{exam.exam_id}/patient-sees"
    seen = desk.get(page).text
    assert "正式报告" in seen
    main = seen[seen.index("<main") :]
    for secret in ("李娜", "1960", "P1", "0001", "结节", "A1"):
        assert secret not in main, secret
    assert [event.subject for event in audited(house, "staff.viewed_as_patient")] == [f"exam:{exam.exam_id}"]


def test_what_the_patient_of_a_held_exam_sees_is_told(house: Services, desk: Console) -> None:
    exam = issued(house)
    report(house)
    house.release.holds.withhold(exam_of(house).id, "疑似传错患者", "staff:a")
    seen = desk.get(f"/staff/exams/{exam.exam_id}/patient-sees").text
    assert "正在核对" in seen
    assert "正式报告" not in seen
    assert "疑似传错患者" not in seen


def test_an_exam_nobody_knows_shows_nothing(desk: Console) -> None:
    assert desk.get(f"/staff/exams/{'0' * 32}/patient-sees").status_code == 404

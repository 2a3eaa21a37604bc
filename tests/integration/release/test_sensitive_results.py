"""A sensitive result is shown to its patient when the desk releases it, and nobody tells it before."""

from __future__ import annotations

import uuid

import pytest
from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.errors import Conflict, InvalidInput, NotFound
from app.models import AuditEvent
from tests.factories.access import let_in
from tests.factories.staff import console
from tests.factories.telling import exam_of, mark_prepared, messages, receive_study, register, report, sweep

STRANGER = {"PatientName": "Wang^Jianguo=王^建国", "PatientSex": "M"}
GRAVE = "右肺上叶占位，考虑恶 性\n肿瘤。"
TAILS = ("/manifest.json", "/report.pdf", "/images.zip")


def rule(house: Services, kind: str = "keyword", pattern: str = "恶性肿瘤") -> None:
    house.release.sensitivity.add(kind, pattern, "staff:a")


def released_by_hand(house: Services, accession: str = "A1") -> None:
    house.release.holds.release_hold(exam_of(house, accession).id, "医生已当面告知", "staff:desk")


def held(house: Services, accession: str = "A1") -> str | None:
    return exam_of(house, accession).held_reason


@pytest.mark.parametrize(
    ("kind", "pattern", "fits", "does_not"),
    [
        ("keyword", "恶性 肿瘤", {"impression": GRAVE}, {"impression": "良性"}),
        ("keyword", "hiv", {"findings": "HIV 相关"}, {"findings": "未见异常"}),
        ("critical", "", {"critical": True}, {"critical": False}),
    ],
)
def test_a_rule_holds_the_reports_that_it_fits(
    house: Services, app: Flask, kind: str, pattern: str, fits: dict[str, str], does_not: dict[str, str]
) -> None:
    rule(house, kind, pattern)
    patient = let_in(app, house, register(house))
    mark_prepared(house)
    report(house, **fits)
    register(house, "A2")
    report(house, "A2", **does_not)
    sweep(house)
    assert (held(house), held(house, "A2")) == ("sensitive", None)
    base = f"/exams/{exam_of(house).id.hex}"
    page = patient.get(base).text
    assert "医院正在核对" in page
    assert "占位" not in page
    assert {patient.get(base + tail).status_code for tail in TAILS} == {404}
    assert messages(house) == []


def test_a_kind_of_exam_waits_from_the_beginning_and_after_a_correction(house: Services) -> None:
    rule(house, "exam", "US 胎儿")
    register(house, modality="US", body_part="中孕期胎儿")
    register(house, "A2", modality="US", body_part="甲状腺")
    register(house, "A3", modality="CT", body_part="胎儿")
    assert [held(house, name) for name in ("A1", "A2", "A3")] == ["sensitive", None, None]
    register(house, "A2", modality="US", body_part="胎儿")
    assert held(house, "A2") == "sensitive"
    released_by_hand(house, "A2")
    register(house, "A2", modality="US", body_part="胎儿心脏")
    report(house, "A2")
    assert held(house, "A2") is None


def test_when_the_desk_releases_it_the_patient_is_told_once_and_sees_it(house: Services, app: Flask) -> None:
    rule(house)
    exam_id = register(house)
    mark_prepared(house)
    report(house, impression=GRAVE)
    sweep(house)
    desk = console(app, house)
    page = f"/staff/exams/{exam_id.hex}"
    shown = desk.get(page).text
    assert "敏感结果" in shown
    revision = exam_of(house).revision
    assert desk.post(f"{page}/lift-hold", page, reason="医生已当面告知", revision=revision).status_code == 303
    sweep(house)
    assert len(messages(house)) == 1
    assert "占位" in let_in(app, house, exam_id).get(f"/exams/{exam_id.hex}").text
    with house.db.read() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.action.startswith("exam.h")))
        assert [(event.action, event.detail["reason"]) for event in events] == [
            ("exam.held", "sensitive"),
            ("exam.hold_lifted", "by_staff"),
        ]


def test_after_a_release_by_hand_only_a_later_report_with_such_a_word_waits_again(house: Services) -> None:
    rule(house)
    register(house)
    report(house, impression=GRAVE)
    released_by_hand(house)
    report(house, impression=GRAVE)  # the same once more
    assert held(house) is None
    report(house, status="amended", impression="良性")
    assert held(house) is None
    report(house, status="amended", impression=GRAVE)
    assert held(house) == "sensitive"


def test_a_preliminary_report_holds_nothing_and_a_rule_counts_for_what_comes_after_it(house: Services) -> None:
    register(house)
    report(house, status="preliminary", impression=GRAVE)
    rule(house)
    assert held(house) is None
    report(house, impression=GRAVE)
    assert held(house) == "sensitive"


def test_another_hold_goes_first_and_leaves_the_sensitive_result_waiting(house: Services) -> None:
    rule(house)
    register(house)
    report(house, impression=GRAVE)
    receive_study(house, **STRANGER)
    assert held(house) == "contradicted"
    released_by_hand(house)  # who looked at the pictures said nothing of the result
    assert held(house) == "sensitive"
    house.release.holds.withhold(exam_of(house).id, "影像有误", "staff:a")
    released_by_hand(house)
    assert held(house) == "sensitive"
    released_by_hand(house)
    assert held(house) is None


def test_a_contradiction_before_the_report_leaves_it_waiting_when_it_ends_by_itself(house: Services) -> None:
    rule(house)
    register(house)
    receive_study(house, **STRANGER)
    report(house, impression=GRAVE)
    assert held(house) == "contradicted"
    register(house, patient_name="王建国", patient_sex="M")
    assert held(house) == "sensitive"


def test_rules_are_edited_in_the_console_by_the_system_administrator_alone(house: Services, app: Flask) -> None:
    page, admin = "/staff/rules", console(app, house, "system_admin")
    assert admin.post(page, page, kind="keyword", pattern="  恶性   肿瘤 ").status_code == 303
    assert "恶性 肿瘤" in admin.get(page).text
    assert admin.post(page, page, kind="keyword", pattern="恶性 肿瘤").status_code == 409
    for kind, pattern in (("keyword", " "), ("x", "词"), ("exam", "长" * 65)):
        assert admin.post(page, page, kind=kind, pattern=pattern).status_code == 400
    assert admin.post(page, page, kind="critical", pattern="whatever").status_code == 303
    [first] = [one for one in house.release.sensitivity.rules() if one.kind == "keyword"]
    assert admin.post(f"{page}/{first.id.hex}/end", page).status_code == 303
    assert admin.post(f"{page}/{first.id.hex}/end", page).status_code == 404
    assert [(one.kind, one.pattern) for one in house.release.sensitivity.rules()] == [("critical", "")]
    assert console(app, house).get(page).status_code == 403


def test_the_service_refuses_what_is_no_rule(house: Services) -> None:
    with pytest.raises(InvalidInput):
        house.release.sensitivity.add("keyword", "", "staff:a")
    rule(house)
    with pytest.raises(Conflict):
        rule(house)
    with pytest.raises(NotFound):
        house.release.sensitivity.end(uuid.uuid4(), "staff:a")

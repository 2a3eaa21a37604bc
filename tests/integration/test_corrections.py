"""What a later PUT of the RIS does to codes, sessions and messages that are out already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest
from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.models import AuditEvent, PatientNameToken
from app.repos import exams as exam_repo
from app.services.exam_input import exam_input, report_input
from sms.errors import SendingError, SmsRefused, SmsRetryLater, SmsUnknown
from sms.sender import Accepted, SmsSender
from tests.factories.access import issued, opened
from tests.factories.house import clock_of, exam_body, report_body, services
from tests.factories.telling import (
    deliver_receipts,
    exam_of,
    follow,
    mark_prepared,
    messages,
    receive_study,
    register,
    report,
    states,
    sweep,
)

OLD, NEW = "13900000001", "13900000002"


def correct(house: Services, accession: str = "A1", **changes: str | None) -> None:
    house.exams.register(accession, exam_input(exam_body(**changes)), "machine:ris")


def tell(house: Services, **changes: str | None) -> None:
    register(house, **changes)
    mark_prepared(house)
    sweep(house)


def code_in(house: Services, phone: str) -> str:
    return messages(house, "+86" + phone)[-1].text.partition("取片码")[2][:6]


def test_another_phone_number_ends_the_pick_up_codes_and_sessions_of_the_old_one(house: Services, app: Flask) -> None:
    exam = issued(house)
    client = opened(app, exam)
    correct(house, patient_phone=NEW)
    form = {"phone": OLD, "pickup_code": exam.pickup, "factor": exam.factor}
    assert app.test_client().post("/s", data=form).status_code == 403
    assert client.get(f"/exams/{exam.exam_id}").status_code == 404
    # the paper is the patient's: it stays valid
    assert opened(app, exam).get(f"/exams/{exam.exam_id}").status_code == 200


def test_the_same_phone_number_again_ends_nothing(house: Services, app: Flask) -> None:
    exam = issued(house)
    client = opened(app, exam)
    correct(house, department="心内科")
    assert client.get(f"/exams/{exam.exam_id}").status_code == 200
    form = {"phone": OLD, "pickup_code": exam.pickup, "factor": exam.factor}
    assert app.test_client().post("/s", data=form).status_code == 303


@pytest.mark.parametrize("is_known", [False, True])
def test_a_phone_number_given_with_another_exam_of_the_patient_ends_this_ones_codes_too(
    house: Services, app: Flask, is_known: bool
) -> None:
    exam = issued(house)
    if is_known:
        register(house, "A2")
    correct(house, "A2", patient_phone=NEW)
    form = {"phone": OLD, "pickup_code": exam.pickup, "factor": exam.factor}
    assert app.test_client().post("/s", data=form).status_code == 403


def test_an_exam_of_somebody_else_keeps_its_codes(house: Services, app: Flask) -> None:
    exam = issued(house)
    correct(house, "A2", patient_phone=NEW, patient_name="王建国")
    form = {"phone": OLD, "pickup_code": exam.pickup, "factor": exam.factor}
    assert app.test_client().post("/s", data=form).status_code == 303


def test_what_waits_for_one_exam_goes_to_the_number_that_came_with_another(house: Services) -> None:
    exam_id = register(house)
    mark_prepared(house)
    house.worker.work.release.release_due()
    correct(house, "A2", patient_phone=NEW)
    sweep(house)
    assert messages(house) == []
    assert len(messages(house, "+86" + NEW)) == 1
    assert [(event, state) for event, _, state in states(house, exam_id)] == [
        ("images_ready", "cancelled"),
        ("images_ready:2", "accepted"),
    ]


@pytest.mark.parametrize(("days", "told"), [(1, 1), (31, 0)])
def test_a_first_number_that_comes_with_another_exam_tells_of_what_is_recent_only(
    house: Services, days: int, told: int
) -> None:
    tell(house, patient_phone=None)
    clock_of(house).advance(days * 86_400)
    correct(house, "A2")
    sweep(house)
    assert len(messages(house)) == told


@dataclass
class Interrupted:
    """A carrier during whose call something else is committed; then it answers as told."""

    meanwhile: Callable[[], None]
    error: SendingError

    def send(self, *_: object) -> Accepted:
        self.meanwhile()
        raise self.error


@pytest.mark.parametrize("family", ["T0", "T1"])
@pytest.mark.parametrize(
    ("error", "ends_as"),
    [
        (SmsRetryLater("LimitExceeded.PhoneNumberDailyLimit", "later", after_s=86_400), "cancelled"),
        (SmsRefused("InvalidParameterValue.IncorrectPhoneNumber", "no such number"), "failed"),
    ],
)
def test_a_number_corrected_during_a_call_that_comes_to_nothing_is_told_at_once(
    tmp_path: Path, family: str, error: SendingError, ends_as: str
) -> None:
    house = services(tmp_path, sms_family=family)
    exam_id = register(house)
    mark_prepared(house)
    house.worker.work.release.release_due()
    notify = house.worker.work.notify
    replace(notify, sms=cast("SmsSender", Interrupted(lambda: correct(house, patient_phone=NEW), error))).send_due()
    sweep(house)
    sweep(house, seconds=2 * 86_400)
    assert messages(house) == []
    assert len(messages(house, "+86" + NEW)) == 1
    assert [state for _, _, state in states(house, exam_id)] == [ends_as, "delivered"]


def test_a_number_corrected_during_a_call_of_unknown_end_is_not_told_by_itself(tmp_path: Path) -> None:
    house = services(tmp_path)
    exam_id = register(house)
    mark_prepared(house)
    house.worker.work.release.release_due()
    notify = house.worker.work.notify
    carrier = Interrupted(lambda: correct(house, patient_phone=NEW), SmsUnknown("ClientNetworkError", "no answer"))
    replace(notify, sms=cast("SmsSender", carrier)).send_due()
    sweep(house, seconds=60)
    assert messages(house, "+86" + NEW) == []
    assert [state for _, _, state in states(house, exam_id)] == ["unknown"]


def test_a_failing_receipt_of_the_old_number_tells_the_corrected_one(house: Services) -> None:
    tell(house, patient_phone="17000000001")
    correct(house)
    sweep(house)
    assert messages(house) == []
    deliver_receipts(house)
    sweep(house)
    assert len(messages(house)) == 1


def test_a_one_time_code_on_its_way_to_the_old_number_opens_nothing(house: Services, app: Flask) -> None:
    exam = issued(house)
    client = app.test_client()
    client.post(f"/q/{exam.qr}", data={"action": "send_code"})
    sweep(house)
    code = messages(house)[-1].text.partition("验证码是")[2][:6]
    correct(house, patient_phone=NEW)
    assert client.post(f"/q/{exam.qr}", data={"one_time_code": code}).status_code == 403


def test_a_message_that_waits_goes_to_the_corrected_number_only(house: Services) -> None:
    exam_id = register(house)
    mark_prepared(house)
    house.worker.work.release.release_due()
    correct(house, patient_phone=NEW)
    correct(house, patient_phone=NEW)
    sweep(house)
    assert messages(house) == []
    assert len(messages(house, "+86" + NEW)) == 1
    assert [(event, state) for event, _, state in states(house, exam_id)] == [
        ("images_ready", "cancelled"),
        ("images_ready:2", "accepted"),
    ]


def test_a_patient_whose_number_comes_later_is_told_then_and_once(house: Services) -> None:
    tell(house, patient_phone=None)
    assert messages(house) == []
    for _ in range(3):
        correct(house)
        sweep(house, seconds=60)
    assert len(messages(house)) == 1


def test_a_number_that_took_nothing_is_followed_by_the_corrected_one(house: Services) -> None:
    tell(house, patient_phone="17000000003")
    for _ in range(2):
        correct(house, patient_phone="17000000003")
        sweep(house, seconds=60)
    assert messages(house, "+8617000000003") == []
    for _ in range(2):
        correct(house)
        sweep(house, seconds=60)
    assert len(messages(house)) == 1


def test_a_message_that_reached_the_old_number_is_not_sent_again_by_itself(house: Services) -> None:
    tell(house)
    correct(house, patient_phone=NEW)
    sweep(house, seconds=60)
    assert (len(messages(house)), messages(house, "+86" + NEW)) == (1, [])


def test_a_number_that_comes_while_the_exam_is_held_is_told_when_the_hold_is_lifted(house: Services) -> None:
    tell(house, patient_phone=None)
    exam_id = exam_of(house).id
    with house.db.session() as session:
        row = exam_repo.exam(session, exam_id)
        assert row is not None
        house.holds.hold(session, row, "looks wrong", "staff:a")
    correct(house)
    sweep(house, seconds=60)
    assert messages(house) == []
    house.holds.release_hold(exam_id, "checked", "staff:a")
    sweep(house, seconds=60)
    assert len(messages(house)) == 1


def test_an_exam_that_is_not_released_is_not_told_because_a_number_came(house: Services) -> None:
    register(house, patient_phone=None)
    correct(house)
    sweep(house)
    assert messages(house) == []


def test_a_corrected_number_is_no_second_notice_for_a_follower(tmp_path: Path) -> None:
    house = services(tmp_path, wechat_notices="simulated")
    exam_id = register(house, patient_phone=None)
    openid = follow(house, exam_id)
    mark_prepared(house)
    sweep(house)
    correct(house)
    sweep(house)
    assert house.simulation.wechat is not None
    assert (len(messages(house)), len(house.simulation.wechat.notices(openid))) == (1, 1)


def test_an_id_number_that_comes_later_makes_no_other_person_of_the_patient(house: Services, app: Flask) -> None:
    tell(house, patient_id_number=None)
    exam = issued(house, patient_id_number=None)
    clock_of(house).advance(60)
    correct(house)
    sweep(house)
    assert len(messages(house)) == 1
    assert opened(app, exam).get(f"/exams/{exam.exam_id}").status_code == 200
    form = {"phone": OLD, "pickup_code": exam.pickup, "factor": exam.factor}
    assert app.test_client().post("/s", data=form).status_code == 303


@pytest.mark.parametrize("changes", [{"patient_id_number": None}, {"patient_id_number": "11010519491231002X"}])
def test_an_id_number_that_goes_or_changes_ends_all_access(
    house: Services, app: Flask, changes: dict[str, str | None]
) -> None:
    exam = issued(house)
    client = opened(app, exam)
    correct(house, **changes)
    assert client.get(f"/exams/{exam.exam_id}").status_code == 404
    assert app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 403


def test_an_accession_number_used_again_for_somebody_else_shows_nothing_to_the_first(
    house: Services, app: Flask
) -> None:
    exam = issued(house)
    client = opened(app, exam)
    correct(house, patient_id="P7", patient_name="王建国", patient_sex="M", patient_id_number="11010519491231002X")
    assert client.get(f"/exams/{exam.exam_id}").status_code == 404
    for factor in (exam.factor, "002X"):
        assert app.test_client().post(f"/q/{exam.qr}", data={"factor": factor}).status_code == 403
    form = {"phone": OLD, "pickup_code": exam.pickup, "factor": "002X"}
    assert app.test_client().post("/s", data=form).status_code == 403


def test_a_report_never_goes_over_to_another_patient_without_a_human(house: Services, app: Flask) -> None:
    register(house)
    report(house)
    changes = {
        "patient_id": "P7",
        "patient_name": "王建国",
        "patient_sex": "M",
        "patient_id_number": "11010519491231002X",
    }
    correct(house, **changes)
    exam = issued(house, **changes)
    client = app.test_client()
    assert client.post(f"/q/{exam.qr}", data={"factor": "002X"}).status_code == 303
    page = client.get(f"/exams/{exam.exam_id}")
    assert "双肺" not in page.text
    house.holds.release_hold(exam_of(house).id, "checked", "staff:a")
    assert "双肺" in client.get(f"/exams/{exam.exam_id}").text


OTHER = {"patient_id": "P7", "patient_name": "王建国", "patient_sex": "M", "patient_birth_date": "1966-10-01"}
PICTURES = {"PatientID": "P7", "PatientName": "王^建国", "PatientSex": "M", "PatientBirthDate": "19661001"}


@pytest.mark.parametrize("pictures_first", [False, True])
def test_pictures_of_the_new_patient_show_whose_report_it_is(house: Services, pictures_first: bool) -> None:
    register(house)
    report(house)
    for step in ("pictures", "order") if pictures_first else ("order", "pictures"):
        if step == "pictures":
            receive_study(house, **PICTURES)
        else:
            correct(house, **OTHER)
    assert exam_of(house).held_at is None


def test_a_hold_that_a_human_set_is_not_lifted_by_a_patient_who_changed_and_pictures_that_came(house: Services) -> None:
    register(house)
    report(house)
    with house.db.session() as session:
        row = exam_repo.exam(session, exam_of(house).id)
        assert row is not None
        house.holds.hold(session, row, "looks wrong", "staff:a")
    correct(house, **OTHER)
    receive_study(house, **PICTURES)
    assert exam_of(house).held_reason == "looks wrong"


def test_a_corrected_name_under_the_same_patient_id_needs_no_human(house: Services) -> None:
    register(house)
    report(house)
    correct(house, patient_name="李那")
    assert exam_of(house).held_at is None


def test_another_spelling_of_the_same_name_is_taken_and_found(house: Services) -> None:
    correct(house, patient_name="LI NA", patient_id="p1")
    correct(house, patient_name="Lina", patient_id="P1")
    view = house.exams.view_by_accession("A1")
    assert (view.patient.name, view.patient.patient_id) == ("Lina", "P1")
    with house.db.read() as session:
        tokens = set(session.scalars(select(PatientNameToken.token_hash)))
    assert tokens == {house.blind.of("patient.name_token", "LINA")}


def test_every_correction_of_a_patient_is_audited_by_field_and_without_value(house: Services) -> None:
    correct(house)
    correct(house, patient_phone=NEW, patient_name="李 娜")
    correct(house, patient_phone=NEW, patient_name="李 娜")
    with house.db.read() as session:
        rows = list(session.scalars(select(AuditEvent).where(AuditEvent.action == "patient.corrected")))
    assert [(row.actor, row.detail) for row in rows] == [("machine:ris", {"fields": ["name", "phone"]})]
    assert rows[0].subject.startswith("patient:")


@pytest.mark.parametrize(("first", "second"), [("10³ 个", "103 个"), ("MPa", "mpa"), ("５ mm", "5 mm")])
def test_a_report_that_differs_only_in_case_or_width_is_another_version(
    house: Services, first: str, second: str
) -> None:
    register(house)
    for text in (first, second, second):
        house.exams.add_report("A1", report_input(report_body(status="amended", findings=text)), "machine:ris")
    view = house.exams.view_by_accession("A1")
    assert view.report is not None
    assert (view.report.version, view.report.findings) == (2, second)


def test_a_report_in_the_outbox_for_the_old_number_is_told_to_the_new_one(house: Services) -> None:
    tell(house)
    clock_of(house).advance(60)
    report(house)
    house.worker.work.release.release_due()
    correct(house, patient_phone=NEW)
    sweep(house)
    assert len(messages(house)) == 1
    (message,) = messages(house, "+86" + NEW)
    assert "影像和报告" in message.text
    assert code_in(house, NEW) in message.text

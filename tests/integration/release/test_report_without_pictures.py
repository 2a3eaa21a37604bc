"""A report whose pictures do not come is told alone, once, and nobody is told to wait for ever."""

from __future__ import annotations

import uuid

from flask import Flask

from app.bootstrap import Services
from tests.factories.access import let_in
from tests.factories.staff import console
from tests.factories.telling import exam_of, mark_prepared, messages, notifications, register, report, sweep

HOUR = 3600
WAIT = 24 * HOUR


def told(house: Services, exam_id: uuid.UUID) -> list[str]:
    return [row.kind for row in notifications(house, exam_id)]


def test_a_report_without_pictures_is_told_once_after_the_hours_of_the_setting(house: Services) -> None:
    exam_id = register(house)
    report(house)
    sweep(house)
    sweep(house, seconds=WAIT - HOUR)
    assert told(house, exam_id) == []
    for _ in range(3):
        sweep(house, seconds=HOUR)
    assert told(house, exam_id) == ["report_ready"]
    assert "报告" in messages(house)[0].text
    assert exam_of(house).images_released_at is None


def test_a_preliminary_report_is_not_told_alone(house: Services) -> None:
    exam_id = register(house)
    report(house, status="preliminary")
    sweep(house, seconds=2 * WAIT)
    assert told(house, exam_id) == []


def test_pictures_that_come_in_time_are_told_with_the_report_and_late_ones_once_more(house: Services) -> None:
    in_time, late = register(house), register(house, "A2")
    report(house)
    report(house, "A2")
    sweep(house)
    mark_prepared(house)
    sweep(house)
    sweep(house, seconds=2 * WAIT)
    assert told(house, in_time) == ["images_ready"]
    assert told(house, late) == ["report_ready"]
    mark_prepared(house, "A2")
    sweep(house)
    sweep(house, seconds=2 * WAIT)
    assert sorted(told(house, late)) == ["images_ready", "report_ready"]  # both at one moment of the frozen clock


def test_a_held_exam_is_told_of_no_report(house: Services) -> None:
    exam_id = register(house)
    report(house)
    house.release.holds.withhold(exam_id, "wrong report", "staff:a")
    sweep(house, seconds=2 * WAIT)
    assert told(house, exam_id) == []
    house.release.holds.release_hold(exam_id, "right after all", "staff:a")
    sweep(house)
    assert told(house, exam_id) == ["report_ready"]


def test_an_exam_that_turns_out_to_be_anothers_tells_the_other_patient_by_itself(house: Services) -> None:
    exam_id = register(house)
    report(house)
    sweep(house, seconds=WAIT)
    sweep(house)
    register(house, patient_name="王英", patient_phone="13900000002", patient_birth_date="1970-01-01")
    sweep(house)
    numbers = [row.recipient_masked for row in notifications(house, exam_id)]
    assert len(numbers) == len(set(numbers)) == 2


def test_a_patient_whose_phone_number_comes_later_is_told_of_the_report_then(house: Services) -> None:
    exam_id = register(house, patient_phone=None)
    report(house)
    sweep(house, seconds=WAIT)
    sweep(house)
    assert told(house, exam_id) == []
    register(house, patient_phone="13900000003")
    sweep(house)
    assert told(house, exam_id) == ["report_ready"]
    assert len(messages(house, "+8613900000003")) == 1


def test_page_list_pdf_and_desk_know_of_it(house: Services, app: Flask) -> None:
    exam_id = register(house)
    report(house)
    client, desk = let_in(app, house, exam_id), console(app, house)
    assert "影像正在准备" in client.get(f"/exams/{exam_id.hex}").text
    assert exam_id.hex not in desk.get("/staff/unmatched").text
    sweep(house, seconds=WAIT)
    sweep(house, seconds=60 * 24 * HOUR)
    client, desk = let_in(app, house, exam_id), console(app, house)
    for address in ("/exams", f"/exams/{exam_id.hex}"):
        assert "没有可以显示的影像" in client.get(address).text
        assert "准备" not in client.get(address).text
    assert "双肺纹理清晰" in client.get(f"/exams/{exam_id.hex}").text
    with client.get(f"/exams/{exam_id.hex}/report.pdf") as answer:
        assert (answer.status_code, answer.data[:5]) == (200, b"%PDF-")
    assert f"/staff/exams/{exam_id.hex}" in desk.get("/staff/unmatched").text
    page = f"/staff/exams/{exam_id.hex}"
    assert desk.post(f"{page}/resend", page, reason="asked").status_code == 303
    mark_prepared(house)
    sweep(house)
    assert exam_id.hex not in desk.get("/staff/unmatched").text

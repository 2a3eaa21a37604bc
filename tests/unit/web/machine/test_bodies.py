"""What the RIS may say, and what is refused with a clear word instead of an exception or a wrong value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.errors import InvalidInput
from app.services.exams.input import accession_number
from app.web.machine.ris.bodies import exam_input, report_input
from tests.factories.house import exam_body, report_body

ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def refused(**changes: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        exam_input(exam_body(**changes))
    return str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", 13900000001),
        ("id_number", 120101196001020027),
        ("birth_date", "2999-01-01"),
        ("birth_date", "2026-W01-1"),
        ("birth_date", "2026-02-30"),
        ("birth_date", "19600102"),
        ("birth_date", "0001-01-01"),
        ("name", "\u200b"),
        ("name", "^^"),
        ("name", "李\ud800"),
        ("name", "李\x00娜"),
        ("name", True),
        ("sex", ["F"]),
        ("sex", "f"),
    ],
)
def test_a_value_that_is_none_is_named_and_not_quoted(field: str, value: Any) -> None:
    detail = refused(**{f"patient_{field}": value})
    assert detail.startswith(f"body: patient.{field} ")
    assert str(value) not in detail or str(value) == "f"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("phone", "139" + "00000001".translate(ARABIC)),
        ("phone", "12900000001"),
        ("phone", "022-23456789"),
        ("phone", "+1 650 253 0000"),
        ("id_number", "120101196001020027".translate(ARABIC)),
        ("id_number", "120101196001020028"),
        ("id_number", "((((("),
    ],
)
def test_a_phone_or_id_number_that_cannot_be_used_is_left_out_with_a_warning(name: str, value: str) -> None:
    order = exam_input(exam_body(**{f"patient_{name}": value}))
    assert getattr(order.patient, name) is None
    assert [warning.split()[0] for warning in order.warnings] == [f"patient.{name}"]
    assert value not in order.warnings[0]


@pytest.mark.parametrize("given", [None, ""])
def test_a_phone_that_was_not_given_is_no_fault(given: str | None) -> None:
    assert exam_input(exam_body(patient_phone=given, patient_id_number=given)).warnings == []


@pytest.mark.parametrize(
    "at",
    ["0001-01-01T00:00:00", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59+00:00", "x" * 41, "2026-13-01", 1, None],
)
def test_a_time_that_no_calendar_of_ours_holds_is_refused(at: Any) -> None:
    assert "performed_at" in refused(performed_at=at)
    with pytest.raises(InvalidInput, match="reported_at"):
        report_input(report_body(reported_at=at))


def test_nobody_is_examined_before_birth_and_a_newborn_is_on_its_first_day() -> None:
    at = "2026-03-02T00:30:00+08:00"
    assert "patient.birth_date is after performed_at" in refused(patient_birth_date="2026-03-03", performed_at=at)
    born = exam_input(exam_body(patient_birth_date="2026-03-02", performed_at=at))
    assert born.patient.birth_date == "2026-03-02"


def test_format_characters_that_nobody_sees_are_dropped() -> None:
    order = exam_input(exam_body(patient_name="\ufeff李\u200b娜\u202e"))
    assert order.patient.name == "李娜"


def test_a_time_without_zone_is_chinas() -> None:
    assert exam_input(exam_body(performed_at="2026-03-02T08:30")).performed_at == datetime(
        2026, 3, 2, 0, 30, tzinfo=UTC
    )


@pytest.mark.parametrize("text", ["", " ", ".", "..", "a/b", "a\\b", "A1\n", "A\t1", "Ａ１", "A" * 65])
def test_what_no_address_can_hold_is_no_accession_number(text: str) -> None:
    with pytest.raises(InvalidInput):
        accession_number(text)


@pytest.mark.parametrize("text", ["A1", "...", "a.b-c_D", "CT 2026+1", "CT#1", "(CT):1,2@a=b&c", "A" * 64])
def test_what_hospitals_number_orders_with_is_one(text: str) -> None:
    assert accession_number(text) == accession_number(f" {text} ") == text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("one\r\ntwo", "one\ntwo"),
        ("one\rtwo", "one\ntwo"),
        ("one\n\rtwo", "one\ntwo"),
        ("one\r\r\ntwo", "one\ntwo"),
        ("one\r\n\r\ntwo", "one\n\ntwo"),
        *((f"one{control}two", "one\ntwo") for control in "\0\x01\x0b\x0c\x1c\x1e\x1f\x7f\x85\x9f\u2028\u2029"),
        ("one\ttwo", "one\ttwo"),
        ("\0one\x0b", "one"),
    ],
)
def test_control_characters_and_odd_line_ends_of_a_report_are_line_breaks(written: str, read: str) -> None:
    report = report_input(report_body(findings=written, impression=written))
    assert (report.findings, report.impression) == (read, read)


def test_control_characters_of_a_doctors_name_or_a_department_are_spaces() -> None:
    assert report_input(report_body(reporting_doctor="张\r\n三\0")).reporting_doctor == "张 三"
    assert exam_input(exam_body(department="放射\x0b科", body_part="胸部\r\n")).department == "放射 科"


@pytest.mark.parametrize(
    "written",
    [
        "2026/03/02 08:05:00",
        "2026/3/2 8:05",
        "2026-3-2 8:05:00",
        "2026.03.02 08:05",
        "2026/03/02T08:05:00+08:00",
        "2026/03/02T00:05Z",
        " 2026-03-02 08:05 ",
        "20260302080500",
        "202603020805",
        "20260302000500.000+0000",
        "2026年3月2日 8:05",
        "2026年03月02日8时05分",
        "２０２６－０３－０２ ０８：０５",
        "2026-03-02t00:05:00z",
    ],
)
def test_a_time_may_be_written_as_systems_write_it(written: str) -> None:
    at = datetime(2026, 3, 2, 0, 5, tzinfo=UTC)
    assert exam_input(exam_body(performed_at=written)).performed_at == at
    assert report_input(report_body(reported_at=written)).reported_at == at


@pytest.mark.parametrize(
    "written",
    ["1960/01/02", "1960/1/2", "1960.01.02", "1960-1-2", "1960年1月2日", "1960-01-02T00:00:00", "1960/1/2 0:00"],
)
def test_a_birth_date_may_be_written_as_systems_write_it(written: str) -> None:
    assert exam_input(exam_body(patient_birth_date=written)).patient.birth_date == "1960-01-02"


@pytest.mark.parametrize(
    "written",
    ["02/01/1960", "1960/01-02", "1960/13/01", "1960/01/021", "1960-W01-6", "1960-01-02T08:00", "1960-01-02T00:00Z"],
)
def test_a_birth_date_that_may_be_another_day_is_refused(written: str) -> None:
    assert "birth_date" in refused(patient_birth_date=written)

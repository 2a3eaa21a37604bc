"""A phone or ID number that cannot be used never costs the exam, nor what was known before."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.factories.house import exam_body
from tests.factories.staff import console
from tests.factories.telling import mark_prepared, messages, sweep

GOOD_PHONE, GOOD_ID = "+8613900000001", "120101196001020027"
LANDLINE, WRONG_DIGIT = "022-23456789", "120101196001020028"


@pytest.fixture
def ris(app: Flask, house: Services) -> FlaskClient:
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {house.machines.tokens.create('ris', {'ris'}, 'test')}"
    return client


def put(ris: FlaskClient, accession: str = "A1", **changes: Any) -> tuple[int, list[str]]:
    """The status, and the names of the fields that were left out."""
    answer = ris.put(f"/api/v1/exams/{accession}", json=exam_body(**changes))
    warnings = (answer.json or {}).get("warnings", [])
    assert not any(value in answer.text for value in (LANDLINE, WRONG_DIGIT))
    return answer.status_code, [warning.split()[0] for warning in warnings]


def on_file(house: Services, accession: str = "A1") -> tuple[str | None, str | None]:
    patient = house.exams.views.by_accession(accession).patient
    return patient.phone, patient.id_number


@pytest.mark.parametrize("phone", [LANDLINE, "+1 650 253 0000"])
def test_an_exam_with_a_phone_that_gets_no_messages_is_taken_without(
    ris: FlaskClient, house: Services, app: Flask, phone: str
) -> None:
    assert put(ris, patient_phone=phone) == (201, ["patient.phone"])
    assert on_file(house) == (None, GOOD_ID)
    exam = house.exams.views.by_accession("A1")
    page = console(app, house).get(f"/staff/exams/{exam.id.hex}").text
    assert "没有登记，收不到短信" in page
    assert "登记时没有采用" in page
    assert "手机号不能用" in page


def test_an_exam_with_a_wrong_check_digit_is_taken_without(ris: FlaskClient, house: Services) -> None:
    assert put(ris, patient_id_number=WRONG_DIGIT) == (201, ["patient.id_number"])
    assert on_file(house) == (GOOD_PHONE, None)


def test_what_is_on_file_stays_when_what_comes_cannot_be_used(ris: FlaskClient, house: Services) -> None:
    assert put(ris) == (201, [])
    mark_prepared(house)
    sweep(house)
    told = len(messages(house))
    both = put(ris, patient_phone=LANDLINE, patient_id_number=WRONG_DIGIT)
    assert both == (200, ["patient.phone", "patient.id_number"])
    assert on_file(house) == (GOOD_PHONE, GOOD_ID)
    sweep(house)
    assert len(messages(house)) == told  # nothing of the patient changed


def test_a_second_exam_of_the_same_person_leaves_the_phone_on_file(ris: FlaskClient, house: Services) -> None:
    put(ris)
    assert put(ris, "A2", patient_phone=LANDLINE) == (201, ["patient.phone"])
    assert on_file(house, "A2") == on_file(house, "A1") == (GOOD_PHONE, GOOD_ID)


@pytest.mark.parametrize("other", [{"patient_id": "P2"}, {"patient_name": "王强"}, {"patient_sex": "M"}])
def test_nothing_of_one_person_goes_over_to_another(ris: FlaskClient, house: Services, other: dict[str, str]) -> None:
    put(ris)
    put(ris, patient_phone=LANDLINE, patient_id_number=WRONG_DIGIT, **other)
    assert on_file(house) == (None, None)


def test_an_id_number_that_comes_later_keeps_the_phone(ris: FlaskClient, house: Services) -> None:
    put(ris, patient_id_number=None)
    assert put(ris, patient_phone=LANDLINE) == (200, ["patient.phone"])
    assert on_file(house) == (GOOD_PHONE, GOOD_ID)


def test_an_empty_field_is_none_as_before(ris: FlaskClient, house: Services) -> None:
    put(ris)
    assert put(ris, patient_phone="") == (200, [])
    assert on_file(house) == (None, GOOD_ID)

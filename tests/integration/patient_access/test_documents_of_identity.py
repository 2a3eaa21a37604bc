"""Which part of a document opens an exam, and how somebody without one gets in."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.models import Exam, Patient
from tests.factories.access import issued, post, statuses
from tests.factories.telling import newest_text_code


@pytest.mark.parametrize(
    ("number", "typed"),
    [
        ("A123456(7)", "4567"),
        ("A123456(7)", "456(7)"),
        ("E12345678", "5678"),
        ("e1234567c", "567C"),
        ("11010519491231002X", "００２ｘ"),
        ("120101196001020027", " 00 27 "),
        ("110105491231002", "002X"),
    ],
)
def test_the_last_four_of_every_document_can_be_typed(house: Services, app: Flask, number: str, typed: str) -> None:
    exam = issued(house, "A5", patient_id="P5", patient_id_number=number)
    assert statuses(app, f"/q/{exam.qr}", {"factor": typed}, 1) == [303]


@pytest.mark.parametrize("typed", ["", "567", "34567", "A123456(7)", "６７", "6(7)", "1960"])
def test_other_parts_of_a_document_open_nothing(house: Services, app: Flask, typed: str) -> None:
    exam = issued(house, "A5", patient_id="P5", patient_id_number="A123456(7)")
    assert statuses(app, f"/q/{exam.qr}", {"factor": typed}, 1) == [403]


def test_a_patient_without_id_number_opens_by_no_factor_but_by_a_one_time_code(house: Services, app: Flask) -> None:
    exam = issued(house, patient_id_number=None)
    for factor in ("", "None", "0000", exam.factor):
        assert statuses(app, f"/q/{exam.qr}", {"factor": factor}, 1) == [403]
    post(app, f"/q/{exam.qr}", {"action": "send_code"})
    assert statuses(app, f"/q/{exam.qr}", {"one_time_code": newest_text_code(house)}, 1) == [303]


def test_a_first_generation_number_that_was_kept_as_it_came_answers_to_todays_card_and_is_the_same_persons(
    house: Services, app: Flask
) -> None:
    exam = issued(house, "A5", patient_id="P5", patient_id_number=None)
    with house.db.session() as session:
        patient = session.scalars(select(Patient).join(Exam).where(Exam.accession_number == "A5")).one()
        house.exams.registration.patients.fields.seal_into(patient, "id_number_sealed", "110105491231002")
        patient.id_number_hash = b"of before"
    assert statuses(app, f"/q/{exam.qr}", {"factor": "1002"}, 1) == [403]
    assert statuses(app, f"/q/{exam.qr}", {"factor": "002x"}, 1) == [303]
    issued(house, "A5", patient_id="P5", patient_id_number="11010519491231002X")
    assert statuses(app, f"/q/{exam.qr}", {"factor": "002X"}, 1) == [303]

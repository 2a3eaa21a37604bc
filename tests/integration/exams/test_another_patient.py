"""A correction that makes somebody else of the patient: nothing of the first reaches the second without a human."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.models import PatientNameToken
from tests.factories.access import issued, opened
from tests.factories.house import clock_of
from tests.factories.telling import (
    correct,
    exam_of,
    messages,
    receive_study,
    register,
    report,
    sweep,
    tell,
)

OLD, NEW = "13900000001", "13900000002"


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
    house.release.holds.release_hold(exam_of(house).id, "checked", "staff:a")
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
    house.release.holds.withhold(exam_of(house).id, "looks wrong", "staff:a")
    correct(house, **OTHER)
    receive_study(house, **PICTURES)
    assert exam_of(house).held_note == "looks wrong"


def test_a_corrected_name_under_the_same_patient_id_needs_no_human(house: Services) -> None:
    register(house)
    report(house)
    correct(house, patient_name="李那")
    assert exam_of(house).held_at is None


def test_another_spelling_of_the_same_name_is_taken_and_found(house: Services) -> None:
    correct(house, patient_name="LI NA", patient_id="p1")
    correct(house, patient_name="Lina", patient_id="P1")
    view = house.exams.views.by_accession("A1")
    assert (view.patient.name, view.patient.patient_id) == ("Lina", "P1")
    with house.db.read() as session:
        tokens = set(session.scalars(select(PatientNameToken.token_hash)))
    assert tokens == {house.blind.of("patient.name_token", "LINA")}

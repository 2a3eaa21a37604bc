"""A patient's session opens one exam and ends: by time, by leaving, by revocation, by a correction."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.models import PatientSession
from app.web.machine.ris.bodies import exam_input
from tests.factories.access import Issued, issued, opened, revoke, under_exams
from tests.factories.house import clock_of, exam_body


def test_without_a_session_everything_under_exams_is_404(app: Flask, exam: Issued) -> None:
    client = app.test_client()
    for address in (f"/exams/{exam.exam_id}", "/exams", f"/exams/{exam.exam_id}/manifest.json"):
        assert client.get(address).status_code == 404
    client.set_cookie("cf-patient", "eyJhbGciOiJub25lIn0.eyJzaWQiOiIxIn0.")
    assert client.get(f"/exams/{exam.exam_id}").status_code == 404


def test_with_one_patients_session_every_url_of_another_exam_is_404(house: Services, app: Flask, exam: Issued) -> None:
    other = issued(house, "B1", patient_name="王五", patient_id="P9")
    client = opened(app, exam)
    assert client.get(f"/exams/{exam.exam_id}").status_code == 200
    tried = list(under_exams(app, other.exam_id))
    for method, address in tried:
        assert client.open(address, method=method).status_code == 404, address
    assert len(tried) >= 8


def test_a_revoked_or_idle_session_ends_at_once(house: Services, app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    clock_of(house).advance(29 * 60)
    assert client.get(f"/exams/{exam.exam_id}").status_code == 200
    clock_of(house).advance(29 * 60)
    assert client.get(f"/exams/{exam.exam_id}").status_code == 200
    clock_of(house).advance(31 * 60)
    assert client.get(f"/exams/{exam.exam_id}").status_code == 404
    client = opened(app, exam)
    revoke(house, "A1")
    assert client.get(f"/exams/{exam.exam_id}").status_code == 404


def test_leaving_ends_the_session_and_needs_its_token(house: Services, app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    assert client.post(f"/exams/{exam.exam_id}/leave").status_code == 400
    token = client.get(f"/exams/{exam.exam_id}").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    assert client.post(f"/exams/{exam.exam_id}/leave", data={"csrf_token": token}).status_code == 200
    assert client.get(f"/exams/{exam.exam_id}").status_code == 404
    with house.db.read() as session:
        assert all(row.revoked_at for row in session.scalars(select(PatientSession)))


def test_an_identity_correction_ends_all_access(house: Services, app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    house.exams.registration.register("A1", exam_input(exam_body(patient_name="赵六")), "machine:ris")
    assert client.get(f"/exams/{exam.exam_id}").status_code == 404
    assert app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 403


def test_no_page_of_an_exam_says_whom_it_is_of(app: Flask, exam: Issued) -> None:
    patient = exam_body()["patient"]
    born = patient["birth_date"]
    year, month, day = born.split("-")
    said = (patient["name"], patient["phone"], patient["id_number"], born)
    for address in ("/exams", f"/exams/{exam.exam_id}", f"/exams/{exam.exam_id}/viewer"):
        page = opened(app, exam).get(address)
        assert page.status_code == 200
        for personal in (*said, f"{year}年{int(month)}月{int(day)}日", f"{year}/{month}/{day}"):
            assert personal not in page.text.replace(exam.exam_id, ""), (address, personal)

"""What may stand beside an exam: earlier exams of the same patient that this browser has open, and nobody else's."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from deploy.testbed.ct import ct_slice, part10
from tests.factories.access import Issued, issued, opened
from tests.factories.pictures_of import prepare
from tests.factories.staff import audited
from tests.factories.telling import exam_of

OTHER = {"PatientID": "P9", "PatientName": "Zhao^Liu=赵^六"}


def priors(client: FlaskClient, exam: Issued) -> list[str]:
    answer = client.get(f"/exams/{exam.exam_id}/priors.json")
    assert answer.status_code == 200
    return [prior["id"] for prior in answer.get_json()["priors"]]


def opens(client: FlaskClient, exam: Issued) -> None:
    assert client.post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303


def test_priors_are_the_same_patients_open_exams_and_asking_is_no_look(house: Services, app: Flask) -> None:
    old = issued(house, "A2", performed_at="2024-03-02T08:30:00+08:00")
    bare = issued(house, "A3", performed_at="2023-03-02T08:30:00+08:00")
    stranger = issued(house, "B1", patient_id="P9", patient_name="赵六")
    exam = issued(house, "A1")
    files = [ct_slice(), ct_slice(AccessionNumber="A2"), ct_slice(AccessionNumber="B1", **OTHER)]
    prepare(house, *map(part10, files))
    client = opened(app, exam)
    assert priors(client, exam) == []  # not open in this browser
    for one in (old, bare, stranger):
        opens(client, one)
    assert priors(client, exam) == [old.exam_id]
    assert priors(client, old) == [exam.exam_id]
    assert priors(client, stranger) == []
    [told] = client.get(f"/exams/{exam.exam_id}/priors.json").get_json()["priors"]
    assert told["facts"].endswith("2024-03-02")
    assert "李娜" not in str(told)
    assert not audited(house, "images.viewed")
    house.release.holds.withhold(exam_of(house, "A2").id, "note", "staff:test")
    assert priors(client, exam) == []
    assert app.test_client().get(f"/exams/{exam.exam_id}/priors.json").status_code == 404

"""Who may see only a member's reports is not told which pictures there are to compare with."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.repos.exams import exams as exam_repo
from deploy.testbed.ct import ct_slice, part10
from tests.factories.family import MOTHER, daughter, family_digits, post, registered
from tests.factories.house import services
from tests.factories.pictures_of import prepare
from tests.factories.telling import exam_of


def priors(client: FlaskClient, exam_id: str) -> list[str]:
    told = client.get(f"/exams/{exam_id}/priors.json")
    assert told.status_code == 200
    return [prior["id"] for prior in told.get_json()["priors"]]


@pytest.mark.parametrize("scope", ["report", "all"])
def test_priors_are_exams_whose_pictures_this_browser_may_see(tmp_path: Path, scope: str) -> None:
    house = services(tmp_path)
    header = {"PatientID": "P2", "PatientName": "赵敏芝", "PatientBirthDate": "19600102"}
    for accession in ("A2", "A5"):
        registered(house, accession, MOTHER)
    prepare(house, *(part10(ct_slice(AccessionNumber=accession, **header)) for accession in ("A2", "A5")))
    app = create_app(house.settings, house)
    client = daughter(app, house)
    post(client, action="send_code", scope=scope)
    assert post(client, scope=scope, one_time_code=family_digits(house)[-1]).status_code == 303
    paper, other = exam_of(house, "A5"), exam_of(house, "A2")
    with house.db.session() as session:
        row = exam_repo.exam(session, paper.id)
        assert row is not None
        qr = house.patient_access.codes.qr_code(session, row)
    assert client.post(f"/q/{qr}", data={"factor": MOTHER["id_number"][-4:]}).status_code == 303
    assert client.get(f"/exams/{other.id.hex}").status_code == 200
    assert priors(client, paper.id.hex) == ([] if scope == "report" else [other.id.hex])

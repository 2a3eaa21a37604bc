"""A sender says that a study is complete: its pictures are prepared and shown without the quiet period."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.factories.access import application
from tests.factories.house import services
from tests.factories.telling import exam_of, messages, receive_study, register, study, sweep


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path, quiet_period_s="3600")
    yield built
    built.pictures.renderer.close()
    built.db.dispose()


@pytest.fixture
def client(house: Services) -> FlaskClient:
    return application(house).test_client()


def signal(client: FlaskClient, house: Services, uid: str, scope: str = "upload") -> int:
    token = house.machines.tokens.create(f"{scope} {uid}", {scope}, "test")
    headers = {"Authorization": f"Bearer {token}"}
    return client.post(f"/api/v1/studies/{uid}/complete", headers=headers).status_code


def test_the_patient_is_told_without_the_quiet_period(house: Services, client: FlaskClient) -> None:
    register(house)
    uid = receive_study(house, slices=2)
    sweep(house)
    assert messages(house) == []
    assert signal(client, house, uid) == 204
    assert house.worker.run_job()
    sweep(house)
    exam = exam_of(house)
    assert house.pictures.serving.manifest(exam.id, exam.revision)["series"][0]["frames"] == 2
    assert len(messages(house)) == 1


def test_the_signal_may_come_twice_and_too_early(house: Services, client: FlaskClient) -> None:
    uid = receive_study(house)
    assert [signal(client, house, uid), study(house, uid).state] == [204, "complete"]
    receive_study(house, StudyInstanceUID=uid)
    assert study(house, uid).state == "receiving"
    token = house.machines.tokens.create("again", {"upload"}, "test")
    for _ in range(2):
        headers = {"Authorization": f"Bearer {token}"}
        assert client.post(f"/api/v1/studies/{uid}/complete", headers=headers).status_code == 204
    assert [study(house, uid).state, study(house, uid).revision] == ["complete", 2]


def test_unknown_studies_and_other_scopes_are_refused(house: Services, client: FlaskClient) -> None:
    assert signal(client, house, "1.2.3") == 404
    assert signal(client, house, "no-uid") == 400
    assert signal(client, house, receive_study(house), "read") == 403
    assert client.post("/api/v1/studies/1.2.3/complete").status_code == 401

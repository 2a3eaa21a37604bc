"""A sender that knows it sent everything need not wait for the quiet period."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.bootstrap import Services
from tests.factories.access import application
from tests.factories.door_app import bearer
from tests.factories.house import services
from tests.factories.telling import messages, receive_study, register


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path)
    yield built
    built.renderer.close()


def test_the_signal_completes_prepares_and_tells_without_waiting(house: Services) -> None:
    register(house)
    uid, client = receive_study(house, AccessionNumber="A1"), application(house).test_client()
    signal = f"/api/v1/studies/{uid}/complete"
    assert client.post(signal, headers=bearer(house, "upload")).status_code == 204
    while house.worker.run_sweeps() | house.worker.run_job():
        pass
    assert len(messages(house)) == 1
    assert client.post(signal, headers=bearer(house, "upload", "read")).status_code == 204  # again: nothing new
    while house.worker.run_sweeps() | house.worker.run_job():
        pass
    assert len(messages(house)) == 1


def test_only_a_sender_may_signal_and_only_what_is_there(house: Services) -> None:
    client = application(house).test_client()
    assert client.post("/api/v1/studies/1.2.3/complete").status_code == 401
    assert client.post("/api/v1/studies/1.2.3/complete", headers=bearer(house, "ris")).status_code == 403
    token = bearer(house, "upload")
    assert client.post("/api/v1/studies/1.2.3/complete", headers=token).status_code == 404
    assert client.post("/api/v1/studies/x/complete", headers=token).status_code == 400

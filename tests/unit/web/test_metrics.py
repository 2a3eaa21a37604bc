"""/metrics tells how much waits, was sent and could not be taken, and names nobody."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from app.bootstrap import Services
from app.services.ingest.incoming import IncomingObject
from deploy.testbed.ct import ct_slice, part10
from tests.factories.access import application
from tests.factories.house import services
from tests.factories.leaks import leaks
from tests.factories.telling import mark_prepared, receive_study, register, sweep


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path)


def lines(house: Services) -> set[str]:
    answer = application(house).test_client().get("/metrics")
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    return set(answer.text.splitlines())


def test_an_empty_house_counts_nothing(house: Services) -> None:
    assert {"cloudfilm_quarantined_objects 0.0", "cloudfilm_held_exams 0.0"} <= lines(house)


def test_what_waits_and_what_was_sent_is_counted(house: Services) -> None:
    register(house)
    mark_prepared(house)
    sweep(house)
    receive_study(house, AccessionNumber="NOBODYS")
    with house.db.session() as session:
        house.queue.enqueue(session, "prepare_study", "a:1")
    assert {
        'cloudfilm_messages{channel="sms",state="accepted"} 1.0',
        'cloudfilm_studies{match="matched",state="prepared"} 1.0',
        'cloudfilm_studies{match="unmatched",state="receiving"} 1.0',
        'cloudfilm_jobs{kind="prepare_study",state="pending"} 1.0',
    } <= lines(house)


def test_held_exams_and_quarantined_objects_are_counted_and_nobody_is_named(house: Services) -> None:
    register(house)
    uid = receive_study(house)
    of_another = part10(ct_slice(StudyInstanceUID=uid, PatientName="Wang^Qiang=王^强"))
    house.ingest.ingest.receive([IncomingObject(io.BytesIO(of_another))], "stow", "test")
    found = lines(house)
    assert {"cloudfilm_quarantined_objects 1.0", "cloudfilm_held_exams 1.0"} <= found
    assert leaks(("李娜", "王", "139", "A1", uid), "\n".join(line for line in found if "cloudfilm" in line)) == []

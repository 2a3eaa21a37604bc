"""The hospital's database: the same promises as on SQLite when many processes write at once."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from app.bootstrap import Services
from app.database import Database, schema
from app.models import PatientSession
from app.services.patient_access.tickets import Ticket
from app.web.machine.ris.bodies import exam_input, report_input
from deploy.testbed.postgres import binaries, cluster, new_database
from tests.factories.access import application, issued, revoke
from tests.factories.house import clock_of, exam_body, report_body, services
from tests.factories.old_rows import add_row, rows_of
from tests.factories.phone_door import inside
from tests.factories.telling import deliver_receipts, messages, receive_study, register, states, sweep

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(binaries() is None, reason="Debian's postgresql is missing: nothing here was run"),
]
WRITERS = 12


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with cluster() as address:
        yield address


@pytest.fixture
def house(server: str, tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path, database_url=new_database(server, uuid.uuid4().hex), quiet_period_s="1")
    yield built
    built.pictures.renderer.close()
    built.db.dispose()


def at_once(work: Callable[[int], Any], times: int = WRITERS) -> list[Any]:
    """What `work` returned or raised in threads that start together."""
    start, found = threading.Barrier(times), [None] * times

    def one(number: int) -> None:
        start.wait()
        try:
            found[number] = work(number)
        except Exception as error:
            found[number] = error  # type: ignore[call-overload]

    threads = [threading.Thread(target=one, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def faults(house: Services) -> list[Any]:
    with house.db.read() as session:
        return house.audit.log.verify(session)


def test_processes_that_start_at_once_on_an_empty_database_bring_it_up_once(server: str) -> None:
    url = new_database(server, uuid.uuid4().hex)

    def start(_: int) -> None:
        database = Database(url)
        schema.upgrade(database)
        database.dispose()

    assert at_once(start, 4) == [None] * 4


def test_messages_of_before_keep_what_they_are_about_and_what_happened_to_them(server: str) -> None:
    database = Database(new_database(server, uuid.uuid4().hex))
    schema.upgrade(database, "0006")
    patient, exam, code = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    add_row(database, "patient", id=patient)
    add_row(database, "exam", id=exam, patient_id=patient, accession_number="A1")
    before = ["images_ready:2", "resend:1", f"one_time_code:{code.hex}"]
    for event in before:
        row = uuid.uuid4()
        add_row(database, "notification", id=row, exam_id=exam, event=event, channel="sms")
        add_row(database, "notification_event", id=uuid.uuid4(), notification_id=row, detail="settled at the desk")
    schema.upgrade(database)
    found = [(row["kind"], row["occasion"], row["one_time_code_id"]) for row in rows_of(database, "notification")]
    assert sorted(found, key=str) == [("images_ready", 2, None), ("one_time_code", None, code), ("resend", 1, None)]
    assert {row["detail"] for row in rows_of(database, "notification_event")} == {"settled_at_desk"}
    schema.downgrade(database, "0006")
    assert sorted(row["event"] for row in rows_of(database, "notification")) == sorted(before)
    assert {row["detail"] for row in rows_of(database, "notification_event")} == {"settled at the desk"}
    database.dispose()


def test_an_exam_goes_from_the_modality_to_the_phone(house: Services) -> None:
    exam_id = register(house)
    receive_study(house)
    clock_of(house).advance(2)
    while house.worker.run_sweeps() or house.worker.run_job():
        pass
    deliver_receipts(house)
    assert states(house, exam_id) == [("images_ready", "sms", "delivered")]
    exam = issued(house)
    client = application(house).test_client()
    assert client.post(f"/q/{exam.qr}", data={"factor": "9999"}).status_code == 403
    assert client.post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303
    for page in ("", "/viewer", "/report.pdf", "/series/1/frames/1.jpg"):
        assert client.get(f"/exams/{exam.exam_id}{page}").status_code == 200
    client.post(f"/q/{exam.qr}", data={"action": "send_code"})
    sweep(house)
    assert len(messages(house)) == 2
    assert faults(house) == []


def test_the_same_new_exam_given_by_many_at_once_is_one(house: Services) -> None:
    found = at_once(lambda _: house.exams.registration.register("A1", exam_input(exam_body()), "machine:ris"))
    assert Counter(found) == {True: 1, False: WRITERS - 1}
    assert faults(house) == []


def test_many_new_exams_of_one_new_patient_at_once_are_all_taken(house: Services) -> None:
    found = at_once(
        lambda number: house.exams.registration.register(f"A{number}", exam_input(exam_body()), "machine:ris")
    )
    assert found == [True] * WRITERS


def test_report_versions_given_at_once_are_all_kept_and_the_same_one_once(house: Services) -> None:
    register(house)
    same = at_once(lambda _: house.exams.reports.add("A1", report_input(report_body()), "machine:ris"))
    assert Counter(same) == {True: 1, False: WRITERS - 1}
    others = at_once(
        lambda number: house.exams.reports.add(
            "A1", report_input(report_body(status="amended", findings=str(number))), "machine:ris"
        )
    )
    assert others == [False] * WRITERS
    versions = house.exams.reports.versions(house.exams.views.by_accession("A1").id)
    assert [version.version for version in versions] == list(range(1, WRITERS + 2))
    assert {version.findings for version in versions[1:]} == {str(number) for number in range(WRITERS)}


def test_fifty_parallel_guesses_get_no_more_than_five_comparisons(house: Services) -> None:
    exam, app = issued(house), application(house)

    def guess(number: int) -> int:
        return app.test_client().post(f"/q/{exam.qr}", data={"factor": f"{number + 9000:04d}"}).status_code

    assert Counter(at_once(guess, 50)) == {403: 5, 429: 45}


def test_everybody_writing_about_one_exam_at_once_blocks_nobody_for_ever(house: Services) -> None:
    exam, app = issued(house), application(house)

    def work(number: int) -> None:
        for turn in range(4):
            phone = f"1390000{number:02d}{turn:02d}"
            match number % 4:
                case 0:
                    house.exams.registration.register("A1", exam_input(exam_body(patient_phone=phone)), "machine:ris")
                case 1:
                    receive_study(house)
                case 2:
                    house.worker.run_sweeps()
                case _:
                    app.test_client().post(f"/q/{exam.qr}", data={"factor": exam.factor})

    assert at_once(work) == [None] * WRITERS
    assert faults(house) == []


def cookie_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("cf-patient")
    assert cookie is not None
    return cookie.value


def waits_for_a_lock(house: Services) -> bool:
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with house.db.read() as session:
        return bool(session.scalar(query))


def test_a_revocation_ends_what_a_ticket_of_the_phone_door_begins_at_the_same_moment(house: Services) -> None:
    exam, client = issued(house), inside(application(house), house)
    giver = house.patient_access.sessions.opened(house.patient_access.tokens.read(cookie_of(client)))[0]
    tickets = house.patient_access.tickets
    revoking = threading.Thread(target=revoke, args=(house, "A1"))
    with house.db.session() as session:
        tickets._begin(session, Ticket(*tickets._signed.read(tickets.issue(giver))), "patient-session")
        revoking.start()
        deadline = time.monotonic() + 60
        while not waits_for_a_lock(house):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    revoking.join()
    with house.db.read() as session:
        rows = list(session.scalars(select(PatientSession).where(PatientSession.exam_id == uuid.UUID(exam.exam_id))))
    assert [row.revoked_at is None for row in rows] == [False]

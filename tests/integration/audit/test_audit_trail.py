"""Who saw, printed, sent and changed what is in the audit log, and nothing there names a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.bootstrap import Services
from app.repos.audit import log
from tests.factories.access import Issued, application, issued
from tests.factories.house import clock_of, exam_body, report_body, services
from tests.factories.leaks import leaks
from tests.factories.telling import deliver_receipts, messages, receive_study, sweep


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path, quiet_period_s="1", sms_family="T1")
    yield built
    built.pictures.renderer.close()


def trail(house: Services) -> list[tuple[str, str, str]]:
    """(action, kind of actor, kind of subject) of every event."""
    with house.db.read() as session:
        return [
            (event.action, event.actor.partition(":")[0], event.subject.partition(":")[0])
            for event in log.in_order(session)
        ]


def let_the_ris_do_everything(app: Flask, house: Services) -> None:
    """An exam with its report, corrected twice, its paper printed, the quarantine looked at."""
    ris = app.test_client()
    token = house.machines.tokens.create("ris", {"ris", "read"}, "cli")
    ris.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    assert ris.put("/api/v1/exams/A1", json=exam_body()).status_code == 201
    assert ris.put("/api/v1/exams/A1", json=exam_body(patient_phone=None, department="心内科")).status_code == 200
    assert ris.put("/api/v1/exams/A1", json=exam_body()).status_code == 200
    assert ris.put("/api/v1/exams/A1/report", json=report_body()).status_code == 201
    for name in ("qr.svg", "qr.png", "report-sheet.pdf"):
        assert ris.get(f"/api/v1/exams/A1/{name}").status_code == 200
    assert ris.get("/api/v1/quarantine").status_code == 200


def let_the_patient_do_everything(app: Flask, house: Services, exam: Issued) -> str:
    """A wrong factor, a one-time code, every page and file, leaving; the form token, which is a secret."""
    patient, page = app.test_client(), f"/exams/{exam.exam_id}"
    assert patient.post(f"/q/{exam.qr}", data={"factor": "9999"}).status_code == 403
    patient.post(f"/q/{exam.qr}", data={"action": "send_code"})
    sweep(house)
    assert patient.post(f"/q/{exam.qr}", data={"factor": exam.factor}).status_code == 303
    for address in ("", "/viewer", "/report.pdf", "/images.zip", "/dicom.zip"):
        answer = patient.get(page + address)
        assert (answer.status_code, bool(answer.data)) == (200, True)
        answer.close()  # as a server does: a download gives its place back
    token = patient.get(page).text.partition('name="csrf_token" value="')[2].partition('"')[0]
    assert patient.post(f"{page}/leave", data={"csrf_token": token}).status_code == 200
    return token


def test_every_step_of_a_patients_exam_leaves_its_trace(house: Services) -> None:
    app = application(house)
    let_the_ris_do_everything(app, house)
    receive_study(house)
    clock_of(house).advance(2)
    while house.worker.run_sweeps() or house.worker.run_job():
        pass
    deliver_receipts(house)
    exam = issued(house)
    token = let_the_patient_do_everything(app, house, exam)

    found = Counter(trail(house))
    session, machine = "patient-session", "machine"
    expected = {
        ("token.created", "cli", machine): 1,
        ("exam.registered", machine, "exam"): 1,
        ("exam.corrected", machine, "exam"): 2,
        ("patient.corrected", machine, "patient"): 2,
        ("report.added", machine, "exam"): 1,
        ("qr.printed", machine, "exam"): 3,
        ("machine.read", machine, "quarantine"): 1,
        ("instances.stored", "test", "study"): 1,
        ("study.matched", "system", "study"): 1,
        ("exam.released", "system", "exam"): 1,
        ("notification.queued", "system", "exam"): 2,
        ("notification.state", "system", "exam"): 3,
        ("code.issued", "system", "exam"): 3,
        ("access.failed", "patient", "exam"): 1,
        ("access.one_time_code_sent", "patient", "exam"): 1,
        ("access.granted", session, "exam"): 1,
        ("exam.viewed", session, "exam"): 2,
        ("images.viewed", session, "exam"): 1,
        ("report.downloaded", session, "exam"): 1,
        ("images.downloaded", session, "exam"): 2,
        ("access.ended", session, "exam"): 1,
        ("audit.anchored", "system", "anchors"): 1,
    }
    assert dict(found) == expected
    with house.db.read() as read:
        assert house.audit.log.verify(read) == []
        written = " ".join(f"{event.actor} {event.subject} {event.detail}" for event in log.in_order(read))
    texts = [message.text for message in messages(house)]
    codes = [texts[0].partition("取片码")[2][:6], texts[1].partition("验证码是")[2][:6]]
    person = ("李", "139", "120101196001020027", "1960", "P1")
    assert leaks((*person, "双肺", "陈医生", exam.qr, exam.pickup, *codes, token), written) == []

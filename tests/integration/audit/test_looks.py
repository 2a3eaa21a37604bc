"""谁看过我的片子: each look stands there at once, with how it was made."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from app.bootstrap import Services
from app.repos.audit import log as repo
from app.services.audit import repeated_looks
from app.services.audit.log import Action
from app.services.audit.looks import LOOKS, MOST_FOUND, NEWEST, OF_EACH, SHOWN_REPORT
from app.services.audit.subjects import exam_subject
from tests.factories.house import clock_of
from tests.factories.sharing import doctor, guest, patient, share
from tests.factories.staff import Console
from tests.factories.telling import exam_of, register, report

STAFF = Action.STAFF_VIEWED_EXAM


def looks(client: FlaskClient, exam_id: str) -> list[tuple[str, str]]:
    told = client.get(f"/exams/{exam_id}/looks", headers={"Accept": "application/json"}).get_json()["looks"]
    return [(look["how"], look["who"]) for look in told]


def seq(house: Services) -> int:
    with house.db.read() as session:
        return repo.last_seq(session)


def test_each_look_is_shown_at_once_with_how_it_was_made(house: Services, app: Flask, desk: Console) -> None:
    client, exam_id = patient(app, house)
    report(house)
    assert looks(client, exam_id) == []
    client.get(f"/exams/{exam_id}")
    assert looks(client, exam_id) == [("self", "李*")]
    visitor, base = guest(app, share(client, exam_id))
    visitor.get(base)
    number = base.rpartition("/")[2][:8].upper()
    assert looks(client, exam_id)[0] == ("share", f"{number[:4]}-{number[4:]}")
    pc, pc_base = doctor(app, client, exam_id)
    pc.get(f"{pc_base}/report.pdf")
    assert looks(client, exam_id)[0][0] == "hand_over"
    desk.client.get(f"/staff/exams/{exam_id}")
    assert looks(client, exam_id)[0] == ("staff", "desk")
    page = client.get(f"/exams/{exam_id}/looks").text
    for words in ("本人", "分享链接", "医生的电脑", "医院工作人员（服务台）", "下载了报告"):
        assert words in page
    assert "desk" not in page


def test_what_is_no_look_and_what_is_of_another_exam_is_not_shown(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    other, others_exam = patient(app, house, "B1", patient_id="P2", patient_name="王芳", patient_phone="13900000002")
    other.get(f"/exams/{others_exam}")
    share(client, exam_id)
    client.head(f"/exams/{exam_id}")
    assert looks(client, exam_id) == []
    assert other.get(f"/exams/{exam_id}/looks").status_code == 404


def test_the_newest_stand_first_and_old_ones_make_room(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    subject = exam_subject(exam_of(house).id)
    with house.db.session() as session:
        for number in range(NEWEST + OF_EACH):
            clock_of(house).advance(1)
            actor = f"patient-session:{number // OF_EACH:032x}"
            house.audit.log.record(session, Action.EXAM_VIEWED, actor=actor, subject=subject)
    told = client.get(f"/exams/{exam_id}/looks", headers={"Accept": "application/json"}).get_json()["looks"]
    times = [look["at"] for look in told]
    assert len(times) == NEWEST + 1, "and one line of the session that made room"
    assert times == sorted(times, reverse=True)


def test_looks_are_found_by_the_index_of_the_subject(house: Services) -> None:
    if house.db.engine.dialect.name != "sqlite":
        return  # PostgreSQL decides by the number of rows
    exam_id = register(house)
    executed: list[tuple[str, tuple[str, ...]]] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: executed.append((args[2], args[3])))
    with house.db.read() as session:
        repo.newest_of_each(session, exam_subject(exam_id), LOOKS, OF_EACH, MOST_FOUND)
        (statement, values) = next(each for each in executed if "audit_event" in each[0])
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert any("ix_audit_event_subject" in str(step) for step in plan), plan
    assert not any("SCAN audit_event" in str(step) for step in plan), plan


def test_who_loads_a_page_for_ever_hides_no_look_and_fills_no_log(
    house: Services, app: Flask, desk: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guest took the report away, and then buries that under looks."""
    monkeypatch.setattr(repeated_looks, "EACH", 20)
    client, exam_id = patient(app, house)
    report(house)
    desk.client.get(f"/staff/exams/{exam_id}")
    client.get(f"/exams/{exam_id}")
    taken, taken_at = guest(app, share(client, exam_id))
    assert taken.get(f"{taken_at}/report.pdf").status_code == 200
    before = seq(house)
    for visitor, base in [(taken, taken_at), *(guest(app, share(client, exam_id)) for _ in range(4))]:
        for _ in range(NEWEST // 4):
            assert visitor.get(base).status_code == 200
    assert seq(house) - before <= 5 * (20 + 2) + 4 * 4, "each of twenty and the 40th, and what the openings leave"
    told = client.get(f"/exams/{exam_id}/looks", headers={"Accept": "application/json"}).get_json()["looks"]
    assert {look["how"] for look in told} == {"staff", "self", "share"}
    assert "下载了报告" in client.get(f"/exams/{exam_id}/looks").text


def test_sessions_that_look_for_ever_push_no_other_session_off_the_list(house: Services, app: Flask) -> None:
    client, exam_id = patient(app, house)
    subject = exam_subject(exam_of(house).id)
    with house.db.session() as session:
        for action, actor in ((Action.REPORT_DOWNLOADED, "share-session:" + "0" * 32), (STAFF, "staff:desk")):
            house.audit.log.record(session, action, actor=actor, subject=subject)
        for number in range(1, 16):
            for _ in range(OF_EACH + 9):
                actor = f"share-session:{number:08x}{0:024x}"
                house.audit.log.record(session, Action.EXAM_VIEWED, actor=actor, subject=subject)
    found = house.audit.looks.of(exam_of(house).id)
    assert [(look.how, look.action) for look in found[-2:]] == [("staff", STAFF), ("share", "report.downloaded")]
    assert len({look.who for look in found}) == 1 + 16, "each of the others has a line"
    assert client.get(f"/exams/{exam_id}/looks").status_code == 200


def test_a_first_look_has_its_line_however_often_another_was_repeated(
    house: Services, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeated_looks, "EACH", 20)
    client, exam_id = patient(app, house)
    for _ in range(30):
        client.get(f"/exams/{exam_id}")
    before = seq(house)
    report(house)
    assert client.get(f"/exams/{exam_id}").status_code == 200
    with house.db.read() as session:
        newest = repo.of_subject(session, exam_subject(exam_of(house).id), [Action.EXAM_VIEWED], 1)
    assert newest[0].seq > before
    assert newest[0].detail[SHOWN_REPORT] == "1"

"""How the desk finds an exam: by what the patient says or shows, never by parts or wildcards."""

from __future__ import annotations

import html
import re
import uuid

import pytest
from sqlalchemy import select, update

from app.bootstrap import Services
from app.database import schema
from app.identity.numbers import check_digit
from app.models import AuditEvent, Exam, Patient
from app.repos.patient_access.codes import code_by_hash
from tests.factories.access import issued
from tests.factories.staff import Console
from tests.factories.telling import (
    register,
)

NUMBERS = ["A1", "a1", "P1", "ｐ１", "120101196001020027", "120101600102002"]
TERMS = [*NUMBERS, "13900000001", "+86 139-0000-0001", "１３９０００００００１", "李娜", "李", "LINA", "li na", "Li"]


@pytest.mark.parametrize("term", TERMS)
def test_an_exam_is_found_by_number_phone_name_family_name_and_pinyin(
    house: Services, desk: Console, term: str
) -> None:
    exam_id = register(house)
    other = {"patient_id": "P2", "patient_name": "王强", "patient_phone": "13900000002", "patient_sex": "M"}
    register(house, "B7", **other, patient_id_number="120101196001020043")
    page = desk.client.get("/staff/exams", query_string={"q": term})
    assert exam_id.hex in page.text
    assert "王强" not in page.text


def test_namesakes_are_told_apart_by_birth_date_and_the_end_of_the_phone_number(house: Services, desk: Console) -> None:
    register(house)
    other = {"patient_id": "P2", "patient_birth_date": "1988-03-09", "patient_phone": "13900004321"}
    register(house, "A2", **other, patient_id_number="120101196001020043")
    page = desk.client.get("/staff/exams", query_string={"q": "李娜"}).text
    assert all(said in page for said in ("1960-01-02", "1988-03-09", ">0001<", ">4321<"))
    assert "13900004321" not in page, "who looks over a shoulder reads no whole number"


def test_an_exam_is_found_by_scanning_the_qr_of_its_report_sheet(house: Services, desk: Console) -> None:
    exam = issued(house)
    scanned = f"{house.settings.base_url}/q/{exam.qr}"
    assert exam.exam_id in desk.client.get("/staff/exams", query_string={"q": scanned}).text


@pytest.mark.parametrize("term", ["", " ", "娜", "%", "李%", "A", "139", "' OR 1=1 --", "李娜" * 200, "/q/"])
def test_parts_and_wildcards_find_nobody(house: Services, desk: Console, term: str) -> None:
    register(house)
    page = desk.client.get("/staff/exams", query_string={"q": term})
    assert page.status_code == 200
    assert "/staff/exams/" not in page.text


@pytest.mark.parametrize(
    "term", ["//[", "http://[", "http://[::1/q/x", "//]", "http://[v1.x]/q/x", "http://h:99999999/q/x"]
)
def test_an_address_that_is_none_finds_nobody(house: Services, desk: Console, term: str) -> None:
    register(house)
    page = desk.client.get("/staff/exams", query_string={"q": term})
    assert page.status_code == 200
    assert "/staff/exams/" not in page.text


def test_a_scanned_address_may_have_a_query_and_a_fragment(house: Services, desk: Console) -> None:
    exam = issued(house)
    scanned = f"{house.settings.base_url}/q/{exam.qr}?from=x/y#/z"
    assert exam.exam_id in desk.client.get("/staff/exams", query_string={"q": scanned}).text


def test_a_search_is_audited_without_its_term(house: Services, desk: Console) -> None:
    register(house)
    desk.client.get("/staff/exams", query_string={"q": "李娜"})
    with house.db.read() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "staff.searched")).one()
    assert event.actor == "staff:desk"
    assert event.detail["found"] == 1
    assert event.detail["term_hash"] == house.blind.of("search.term", "李娜").hex()
    assert "李" not in str(event.detail)


@pytest.mark.parametrize("term", ["0001", "０００１", "0027", "LN", "ln", "Ｌ Ｎ", "l.n."])
def test_an_exam_is_found_by_the_last_four_of_a_number_and_by_initials(
    house: Services, desk: Console, term: str
) -> None:
    exam_id = register(house)
    other = {"patient_id": "P2", "patient_name": "王强", "patient_phone": "13900000002", "patient_sex": "M"}
    register(house, "B7", **other, patient_id_number="120101196001020043")
    page = desk.client.get("/staff/exams", query_string={"q": term})
    assert exam_id.hex in page.text
    assert "王强" not in page.text


@pytest.mark.parametrize("tail", ["004X", "004x", "００４ｘ"])
def test_the_last_four_of_an_id_number_may_end_in_x(house: Services, desk: Console, tail: str) -> None:
    number = "12010119600102004"
    register(house, patient_id_number=number + check_digit(number))
    found = desk.client.get("/staff/exams", query_string={"q": tail}).text
    assert ("/staff/exams/" in found) == (check_digit(number) == "X")


def test_an_exam_is_found_by_its_pick_up_code_also_when_that_has_ended(house: Services, desk: Console) -> None:
    exam = issued(house)
    for typed in (exam.pickup, exam.pickup.lower(), f"{exam.pickup[:3]} {exam.pickup[3:]}"):
        assert exam.exam_id in desk.client.get("/staff/exams", query_string={"q": typed}).text
    house.desk.exams.revoke(uuid.UUID(exam.exam_id), "丢失", "staff:a")
    assert exam.exam_id in desk.client.get("/staff/exams", query_string={"q": exam.pickup}).text


def test_the_patients_door_takes_no_pick_up_code_by_the_desks_hash(house: Services) -> None:
    exam = issued(house)
    codes = house.patient_access.codes
    with house.db.read() as session:
        assert code_by_hash(session, codes.desk_hash(exam.pickup)) is None


@pytest.mark.parametrize("term", ["0001", "LN", "K7M2PQ"])
def test_the_audit_log_keeps_nothing_of_a_term_that_can_be_guessed(house: Services, desk: Console, term: str) -> None:
    register(house)
    desk.client.get("/staff/exams", query_string={"q": term})
    with house.db.read() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "staff.searched")).one()
    assert set(event.detail) == {"found"}


def test_a_correction_is_found_by_its_new_name_at_once_and_by_its_new_tail_after_the_worker(
    house: Services, desk: Console
) -> None:
    first, second = register(house, "A1"), register(house, "A2")
    register(house, "A1", patient_phone="13900007777")
    house.worker.run_sweeps()
    found = desk.client.get("/staff/exams", query_string={"q": "7777"}).text
    assert {first.hex, second.hex} <= set(shown(found))
    assert "/staff/exams/" not in desk.client.get("/staff/exams", query_string={"q": "0001"}).text


def test_exams_of_the_release_before_are_found_by_name_until_the_worker_made_their_keys(
    house: Services, desk: Console
) -> None:
    exam = issued(house)
    schema.downgrade(house.db, "0023")
    schema.upgrade(house.db)
    assert exam.exam_id in desk.client.get("/staff/exams", query_string={"q": "LINA"}).text
    assert exam.exam_id not in desk.client.get("/staff/exams", query_string={"q": "0001"}).text
    while house.exams.search_keys.index_due():
        pass
    for term in ("LINA", "0001", "0027", "LN", exam.pickup):
        assert exam.exam_id in desk.client.get("/staff/exams", query_string={"q": term}).text, term


def test_a_key_that_cannot_be_made_holds_up_no_other_exam(house: Services, desk: Console) -> None:
    first = register(house)
    other = {"patient_id": "P2", "patient_name": "王强", "patient_phone": "13900000002", "patient_sex": "M"}
    second = register(house, "B7", **other, patient_id_number="120101196001020043")
    with house.db.session() as session:
        broken, whole = (session.get_one(Exam, each) for each in (first, second))
        session.get_one(Patient, broken.patient_id).phone_sealed = session.get_one(
            Patient, whole.patient_id
        ).phone_sealed
        session.execute(update(Exam).values(search_due=True))
    assert house.exams.search_keys.index_due() == 2
    assert house.exams.search_keys.index_due() == 0
    found = desk.client.get("/staff/exams", query_string={"q": "0002"}).text
    assert shown(found) == [second.hex], "another's number names nobody"


def test_pages_of_a_search_keep_their_term_and_hold_while_exams_come(house: Services, desk: Console) -> None:
    ids = [
        register(house, f"A{number}", performed_at=f"2026-03-02T08:{number % 60:02}:00+08:00").hex
        for number in range(120)
    ]
    first = desk.client.get("/staff/exams", query_string={"q": "李"}).text
    second = desk.client.get("/staff/exams" + turned(first, "next")).text
    register(house, "B1", performed_at="2026-03-03T08:00:00+08:00")
    again = desk.client.get("/staff/exams" + turned(first, "next")).text
    assert shown(again) == shown(second), "what comes on top moves no other page"
    third = desk.client.get("/staff/exams" + turned(second, "next")).text
    seen = [*shown(first), *shown(second), *shown(third)]
    assert sorted(seen) == sorted(ids)
    assert 'rel="next"' not in third
    assert shown(desk.client.get("/staff/exams" + turned(third, "prev")).text) == shown(second)
    top = desk.client.get("/staff/exams" + turned(second, "prev")).text
    assert set(shown(first)) <= {*shown(top), *shown(second)}


@pytest.mark.parametrize("key", ["x", "2026-03-02T00:00:00Z~zz", "~", "2026-13-02T00:00:00Z~" + "0" * 32])
def test_a_made_up_key_of_a_page_is_refused(house: Services, desk: Console, key: str) -> None:
    register(house)
    assert desk.client.get("/staff/exams", query_string={"q": "李", "exams.older": key}).status_code == 400


def shown(page: str) -> list[str]:
    """Ids of the exams, in order."""
    return list(dict.fromkeys(re.findall(r"/staff/exams/([0-9a-f]{32})", page)))


def turned(page: str, rel: str) -> str:
    """The query of the link to the page beside this one."""
    return html.unescape(re.findall(rf'rel="{rel}" href="([^"#]+)', page)[0])

"""How the desk finds an exam: by what the patient says or shows, never by parts or wildcards."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.bootstrap import Services
from app.models import AuditEvent
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

"""An accession number that a device cut to 16 characters is proposed to the desk, and nobody sees it before."""

from __future__ import annotations

import pytest
from flask import Flask

from app.bootstrap import Services
from app.errors import Conflict
from tests.factories.staff import audited, console
from tests.factories.telling import order, receive_study, register

WHOLE = "HOSPITAL-2026-000123"
CUT = WHOLE[:16]
PAGE = "/staff/unmatched"


@pytest.mark.parametrize("study_first", [True, False])
@pytest.mark.parametrize("written", [CUT, CUT.lower()])
def test_the_desk_accepts_what_is_proposed(house: Services, app: Flask, study_first: bool, written: str) -> None:
    if not study_first:
        register(house, WHOLE)
    uid = receive_study(house, AccessionNumber=written)
    if study_first:
        register(house, WHOLE)
    found = order(house, uid)
    assert (found.match_state, found.match_reason, found.match_detail) == ("unmatched", "cut_short", WHOLE)
    desk = console(app, house)
    page = desk.get(PAGE).text
    assert f"被截短，可能是 {WHOLE}" in page
    assert f"确认归到 {WHOLE}" in page
    address = f"{PAGE}/{found.id.hex}/accept"
    assert desk.post(address, PAGE, accession_number=WHOLE).status_code == 303
    found = order(house, uid)
    assert (found.match_state, found.accession_number) == ("matched", WHOLE)
    assert [event.actor.partition(":")[0] for event in audited(house, "study.labelled")] == ["staff"]
    assert desk.post(address, PAGE, accession_number=WHOLE).status_code == 409


@pytest.mark.parametrize("other", [{"PatientID": "P2"}, {"PatientSex": "M"}, {"PatientBirthDate": ""}])
def test_nothing_is_proposed_of_another_patient(house: Services, other: dict[str, str]) -> None:
    register(house, WHOLE)
    uid = receive_study(house, AccessionNumber=CUT, **other)
    assert order(house, uid).match_reason == "no_exam"
    with pytest.raises(Conflict):
        house.desk.proposals.accept(order(house, uid).id, WHOLE, "staff:a")


def test_two_orders_that_are_cut_alike_are_both_proposed(house: Services, app: Flask) -> None:
    register(house, WHOLE)
    uid = receive_study(house, AccessionNumber=CUT)
    register(house, WHOLE + "4")
    assert order(house, uid).match_reason == "no_exam"
    page = console(app, house).get(PAGE).text
    assert all(f"确认归到 {number}" in page for number in (WHOLE, WHOLE + "4"))


def test_a_proposal_ends_when_the_order_becomes_another_patients(house: Services) -> None:
    register(house, WHOLE)
    uid = receive_study(house, AccessionNumber=CUT)
    register(house, WHOLE, patient_sex="M")
    assert order(house, uid).match_reason == "no_exam"


def test_an_order_with_exactly_these_sixteen_characters_takes_it(house: Services) -> None:
    register(house, WHOLE)
    register(house, CUT)
    uid = receive_study(house, AccessionNumber=CUT)
    assert order(house, uid).match_state == "matched"

"""Who types one-time codes for ever fills no audit log, and who guesses at a code of ours leaves a row in it.

That rows do not tell live codes from dead ones is in `test_alike_in_work`."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.bootstrap import Services
from app.models import AuditEvent
from app.services.audit.counted_refusals import EACH_OF_ADDRESS, EACH_OF_ALL, EACH_OF_CODE
from app.services.patient_access.attempts import IN_A_ROW
from app.services.patient_access.one_time_codes import TRIES
from tests.factories.access import Issued, application, pick_up, post, revoke, statuses
from tests.factories.house import clock_of, services
from tests.factories.telling import sweep

GUESS = {"one_time_code": "123456"}
SHARED = "100.64.1.9"
MADE_UP = "BCDFGHJKMNPQRSTVWXYZ"
UNKNOWN_QR, UNKNOWN_PICKUP = "C" * 26, "CCCCCC"


def failures(house: Services) -> list[AuditEvent]:
    with house.db.read() as session:
        wanted = select(AuditEvent).where(AuditEvent.action == "access.failed").order_by(AuditEvent.seq)
        return list(session.scalars(wanted))


@pytest.mark.parametrize("way", ["live qr", "dead qr", "live pick-up code", "dead pick-up code"])
def test_one_address_gets_few_rows_whatever_it_types(house: Services, app: Flask, exam: Issued, way: str) -> None:
    forms = {
        "live qr": (f"/q/{exam.qr}", GUESS),
        "dead qr": (f"/q/{UNKNOWN_QR}", GUESS),
        "live pick-up code": ("/s", pick_up(exam.pickup) | GUESS),
        "dead pick-up code": ("/s", pick_up(UNKNOWN_PICKUP) | GUESS),
    }
    house.desk.exams.let_in(uuid.UUID(hex=exam.exam_id), "lost", "staff:desk")  # its tries are not limited
    address, form = forms[way]
    assert statuses(app, address, form, 90) == [403] * 90
    rows = failures(house)
    each = EACH_OF_CODE if way.startswith("live") else EACH_OF_ADDRESS + 1
    assert len(rows) == each + 2, "each of ten, at a live code of twenty, then the 20th, 40th and 80th"
    assert rows[-1].detail["times"] == 80


def test_many_addresses_get_few_rows_too(house: Services, app: Flask, exam: Issued) -> None:
    for number in range(EACH_OF_ALL + 90):
        assert post(app, f"/q/{exam.qr}", GUESS, f"198.51.{number // 200}.{number % 200}").status_code == 403
    assert len(failures(house)) == EACH_OF_ALL


def test_a_code_of_ours_has_its_rows_when_others_used_up_those_of_all(
    house: Services, app: Flask, exam: Issued
) -> None:
    """Somebody with many addresses fails elsewhere, so that nobody sees who guesses at one code."""
    for number in range(EACH_OF_ALL + 9):
        post(app, f"/q/{UNKNOWN_QR}", GUESS, f"198.51.{number // 200}.{number % 200}")
    assert len(failures(house)) == EACH_OF_ALL
    for number in range(10):
        assert post(app, f"/q/{exam.qr}", {"factor": "9999"}, f"198.52.0.{number}").status_code == 403
        clock_of(house).advance(901 if number == IN_A_ROW - 1 else 1)
    mine = [row for row in failures(house) if row.subject == f"exam:{exam.exam_id}"]
    assert len(mine) == 10
    assert post(app, f"/q/{exam.qr}", {"factor": "9999"}, "198.52.1.1").status_code == 429


@pytest.mark.parametrize("form", [GUESS, {"factor": "9999"}])
def test_a_revoked_code_has_its_rows_too_and_no_code_has_more_than_few(
    house: Services, app: Flask, exam: Issued, form: dict[str, str]
) -> None:
    for number in range(EACH_OF_ALL + 9):
        post(app, f"/q/{UNKNOWN_QR}", GUESS, f"198.51.{number // 200}.{number % 200}")
    revoke(house, "A1")
    for number in range(100):
        post(app, f"/q/{exam.qr}", form, f"198.52.0.{number}")
    mine = len(failures(house)) - EACH_OF_ALL
    assert mine == (EACH_OF_CODE + 2 if form == GUESS else 5), "each of twenty, the 40th and 80th; or up to the pause"


def test_digits_that_were_sent_have_a_row_for_each_try_whatever_was_typed_before(
    house: Services, app: Flask, exam: Issued
) -> None:
    for number in range(EACH_OF_ALL + 9):
        post(app, f"/q/{exam.qr}", GUESS, f"198.51.{number // 200}.{number % 200}")
    post(app, f"/q/{exam.qr}", {"action": "send_code"})
    sweep(house)
    before = len(failures(house))
    for number in range(TRIES + 30):
        post(app, f"/q/{exam.qr}", GUESS, f"198.52.0.{number}")
    assert len(failures(house)) == before + TRIES


@pytest.mark.parametrize("source", [SHARED, "many addresses"])
def test_wrong_last_fours_at_made_up_codes_write_few_rows(tmp_path: Path, source: str) -> None:
    """In a network that many patients share, no address has a limit; elsewhere a stranger has many addresses."""
    house = services(tmp_path, shared_addresses="100.64.0.0/10")
    app, tries = application(house), EACH_OF_ALL + 90
    for number in range(tries):
        code = "".join(MADE_UP[number // 20**place % 20] for place in range(26))
        address = SHARED if source == SHARED else f"198.51.{number // 200}.{number % 200}"
        assert post(app, f"/q/{code}", {"factor": "9999"}, address).status_code == 403
    assert len(failures(house)) == (EACH_OF_ADDRESS + 4 if source == SHARED else EACH_OF_ALL)


def test_the_owner_gets_in_while_others_type(house: Services, app: Flask, exam: Issued) -> None:
    read_out = house.desk.exams.let_in(uuid.UUID(hex=exam.exam_id), "lost", "staff:desk")
    statuses(app, f"/q/{exam.qr}", GUESS, 40)
    assert post(app, f"/q/{exam.qr}", {"one_time_code": read_out}, "198.51.100.7").status_code == 303

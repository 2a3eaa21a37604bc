"""Who types one-time codes for ever fills no audit log, and its rows do not tell live codes from dead ones."""

from __future__ import annotations

import uuid
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, select

from app.bootstrap import Services
from app.models import AuditEvent
from app.services.audit.counted_refusals import EACH_OF_ADDRESS, EACH_OF_ALL
from tests.factories.access import Issued, application, issued, pick_up, post, statuses
from tests.factories.house import services

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
    assert len(rows) == EACH_OF_ADDRESS + 3, "each of ten, then the 20th, 40th and 80th"
    assert rows[-1].detail["times"] == 80


def test_many_addresses_get_few_rows_too(house: Services, app: Flask, exam: Issued) -> None:
    for number in range(EACH_OF_ALL + 90):
        assert post(app, f"/q/{exam.qr}", GUESS, f"198.51.{number // 200}.{number % 200}").status_code == 403
    assert len(failures(house)) == EACH_OF_ALL


def test_whether_a_row_is_written_hangs_on_the_address_and_not_on_the_code(
    house: Services, app: Flask, exam: Issued
) -> None:
    """A stranger who used up the rows of an address would else see which code still costs one."""
    house.desk.exams.let_in(uuid.UUID(hex=exam.exam_id), "lost", "staff:desk")
    executed: list[str] = []
    statuses(app, f"/q/{UNKNOWN_QR}", GUESS, EACH_OF_ADDRESS)
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: executed.append(args[2]))
    seen = []
    for code in (exam.qr, UNKNOWN_QR, exam.qr, UNKNOWN_QR):
        executed.clear()
        assert post(app, f"/q/{code}", GUESS).status_code == 403
        seen.append(Counter(executed))
    assert seen.count(seen[0]) == 4
    assert not any("INSERT INTO audit" in statement for statement in seen[0])


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


def test_whether_a_wrong_last_four_has_a_row_hangs_on_the_address_and_not_on_the_code(tmp_path: Path) -> None:
    house = services(tmp_path, shared_addresses="100.64.0.0/10")
    app, exam = application(house), issued(house)
    for number in range(EACH_OF_ADDRESS):
        post(app, f"/q/{MADE_UP[number] * 26}", {"factor": "9999"}, SHARED)
    executed: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: executed.append(args[2]))
    seen = []
    for code in (exam.qr, UNKNOWN_QR, exam.qr, UNKNOWN_QR):
        executed.clear()
        assert post(app, f"/q/{code}", {"factor": "9999"}, SHARED).status_code == 403
        seen.append(Counter(executed))
    assert seen.count(seen[0]) == 4
    assert not any("INSERT INTO audit" in statement for statement in seen[0])


def test_the_owner_gets_in_while_others_type(house: Services, app: Flask, exam: Issued) -> None:
    read_out = house.desk.exams.let_in(uuid.UUID(hex=exam.exam_id), "lost", "staff:desk")
    statuses(app, f"/q/{exam.qr}", GUESS, 40)
    assert post(app, f"/q/{exam.qr}", {"one_time_code": read_out}, "198.51.100.7").status_code == 303

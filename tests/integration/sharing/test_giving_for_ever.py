"""Who gives and takes back for ever, or guesses from many addresses, fills no table and no audit log."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from app import create_app
from app.bootstrap import Services
from app.errors import Conflict
from app.models import AuditEvent, Share
from app.services.audit.counted_refusals import EACH_OF_ALL, EACH_OF_CODE
from app.services.patient_access.attempts import FOR_LIFE, IN_A_ROW
from app.services.patient_access.sessions import Parts, PatientAccess
from app.services.sharing import helper_codes, shares
from app.services.sharing.hand_over import MOST_WAITING
from tests.factories.house import clock_of, services
from tests.factories.sharing import digits, patient, share, try_passcode, type_digits

PARTS = Parts(pictures=True, report=True, originals=False, anonymous=False)
WEEK = timedelta(days=7)
NO_LINK = "/g/" + "A" * 26


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path)


@pytest.fixture
def app(house: Services) -> Flask:
    return create_app(house.settings, house)


@pytest.fixture
def access(house: Services, app: Flask) -> PatientAccess:
    client, _ = patient(app, house)
    cookie = client.get_cookie("cf-patient")
    assert cookie is not None
    return house.patient_access.sessions.check(house.patient_access.tokens.read(cookie.value))


def rows(house: Services, action: str) -> int:
    with house.db.read() as session:
        return session.scalar(select(func.count()).where(AuditEvent.action == action)) or 0


def test_shares_made_and_revoked_for_ever_end_for_the_day(house: Services, access: PatientAccess) -> None:
    room = house.sharing.shares
    for _ in range(shares.MOST_A_DAY):
        room.revoke(access, room.create(access, PARTS, WEEK).id)
    with pytest.raises(Conflict):
        room.create(access, PARTS, WEEK)
    assert rows(house, "share.created") == shares.MOST_A_DAY
    clock_of(house).advance(24 * 3600)
    room.create(access, PARTS, WEEK)


def test_codes_of_helpers_given_and_ended_for_ever_end_for_the_day(house: Services, access: PatientAccess) -> None:
    room = house.sharing.helper_codes
    for _ in range(helper_codes.MOST_A_DAY):
        room.give(access)
        (live,) = (each for each in room.of(access) if not each.revoked)
        room.revoke(access, live.id)
    with pytest.raises(Conflict):
        room.give(access)
    clock_of(house).advance(24 * 3600)
    room.give(access)


def test_shares_made_at_once_are_no_more_than_an_exam_has(house: Services, access: PatientAccess) -> None:
    def one(_: int) -> bool:
        try:
            house.sharing.shares.create(access, PARTS, WEEK)
        except Conflict:
            return False
        return True

    tries = shares.MOST_LIVE + 12
    with ThreadPoolExecutor(tries) as pool:
        assert sum(pool.map(one, range(tries))) == shares.MOST_LIVE
    with house.db.read() as session:
        assert session.scalar(select(func.count()).select_from(Share)) == shares.MOST_LIVE


@pytest.mark.parametrize(
    ("path", "form"),
    [("/h", {"helper_code": "23456789AB"}), ("/d", {"code": "123456"}), (NO_LINK, {"passcode": "123456"})],
)
def test_guesses_from_many_addresses_write_few_rows(
    app: Flask, house: Services, path: str, form: dict[str, str]
) -> None:
    for number in range(EACH_OF_ALL + 40):
        source = f"198.{18 + number // 250}.{number % 250}.7"
        app.test_client().post(path, data=form, environ_base={"REMOTE_ADDR": source})
    assert 0 < rows(house, "access.failed") <= EACH_OF_ALL


def use_up(app: Flask, house: Services) -> None:
    """Fail from many addresses, until a failure of a new address has no row any more."""
    for number in range(EACH_OF_ALL + 9):
        source = f"198.{18 + number // 250}.{number % 250}.7"
        type_digits(app.test_client(), "12345", source)
    assert rows(house, "access.failed") == EACH_OF_ALL


def test_who_guesses_a_passcode_of_ours_has_a_row_for_each_when_those_of_all_are_used_up(
    app: Flask, house: Services
) -> None:
    client, exam_id = patient(app, house)
    given = share(client, exam_id)
    use_up(app, house)
    for number in range(12):
        assert try_passcode(app, given.path, "x", f"192.0.2.{number}").status_code in (403, 429)
        clock_of(house).advance(901 if number == IN_A_ROW - 1 else 1)
    assert rows(house, "access.failed") == EACH_OF_ALL + FOR_LIFE


def test_who_types_full_digits_for_ever_has_rows_but_few(app: Flask, house: Services) -> None:
    client, exam_id = patient(app, house)
    code = digits(client, exam_id)
    for number in range(MOST_WAITING):
        assert type_digits(app.test_client(), code, f"192.0.2.{number}").status_code == 200
    use_up(app, house)
    for number in range(90):
        type_digits(app.test_client(), code, f"198.51.100.{number}")
    assert rows(house, "access.failed") == EACH_OF_ALL + EACH_OF_CODE + 2, "each of twenty, the 40th and 80th"


@pytest.mark.parametrize("way", ["/g", "/d"])
def test_rows_of_what_is_ours_are_the_same_work_as_none(app: Flask, house: Services, way: str) -> None:
    """Only the end of a savepoint differs, which keeps the row or takes it back."""
    client, exam_id = patient(app, house)
    if way == "/g":
        ours, nobodys, name = share(client, exam_id).path, NO_LINK, "passcode"
    else:
        ours, nobodys, name = digits(client, exam_id), "12345", "code"
        for number in range(MOST_WAITING):
            type_digits(app.test_client(), ours, f"192.0.2.{number}")
    use_up(app, house)
    executed: list[str] = []
    event.listen(house.db.engine, "before_cursor_execute", lambda *args: executed.append(args[2]))
    seen, written = [], []
    for typed in (ours, nobodys):
        before = rows(house, "access.failed")
        executed.clear()
        path, form = (typed, {name: "x"}) if way == "/g" else ("/d", {name: typed})
        app.test_client().post(path, data=form, environ_base={"REMOTE_ADDR": "192.0.2.99"})
        seen.append(Counter(re.sub("^(RELEASE|ROLLBACK TO) SAVEPOINT .*", "end", each) for each in executed))
        written.append(rows(house, "access.failed") - before)
    assert written == [1, 0]
    assert seen[0] == seen[1]

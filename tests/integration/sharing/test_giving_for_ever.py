"""Who gives and takes back for ever, or guesses from many addresses, fills no table and no audit log."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import create_app
from app.bootstrap import Services
from app.errors import Conflict
from app.models import AuditEvent, Share
from app.services.audit.counted_refusals import EACH_OF_ALL
from app.services.patient_access.sessions import Parts, PatientAccess
from app.services.sharing import helper_codes, shares
from tests.factories.house import clock_of, services
from tests.factories.sharing import patient

PARTS = Parts(pictures=True, report=True, originals=False, anonymous=False)
WEEK = timedelta(days=7)


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
    [("/h", {"helper_code": "23456789AB"}), ("/d", {"code": "123456"}), ("/g/" + "A" * 26, {"passcode": "123456"})],
)
def test_guesses_from_many_addresses_write_few_rows(
    app: Flask, house: Services, path: str, form: dict[str, str]
) -> None:
    for number in range(EACH_OF_ALL + 40):
        source = f"198.{18 + number // 250}.{number % 250}.7"
        app.test_client().post(path, data=form, environ_base={"REMOTE_ADDR": source})
    assert 0 < rows(house, "access.failed") <= EACH_OF_ALL

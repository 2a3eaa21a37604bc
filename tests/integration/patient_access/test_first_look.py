"""Nothing is seen unseen: the first picture of a session is in the audit log, whichever address showed it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from app import bootstrap
from app.bootstrap import Services
from tests.factories.access import application, let_in
from tests.factories.house import clock_of
from tests.factories.staff import audited
from tests.factories.telling import exam_of, receive_study, register, report, sweep

SHOWING = (
    "viewer",
    "manifest.json",
    "series/1/frames/1.jpg",
    "series/1/frames/2.jpg?size=256",
    "series/1/frames/1.png?wc=40&ww=400",
    "series/1/frames.batch?from=1&count=2",
    "images.zip",
    "dicom.zip",
)


@pytest.fixture
def shown(house: Services) -> Iterator[Services]:
    register(house)
    report(house)
    house.pictures.completion.complete_now(receive_study(house, 2))
    while house.worker.run_job():
        pass
    sweep(house)
    yield house
    house.pictures.renderer.close()


def phone(app: Flask, house: Services) -> tuple[FlaskClient, str]:
    exam_id = exam_of(house).id
    return let_in(app, house, exam_id), f"/exams/{exam_id.hex}/"


def looks(house: Services) -> list[str]:
    return [found.actor for found in audited(house, "images.viewed")]


@pytest.mark.parametrize("address", SHOWING)
def test_one_address_alone_is_a_look(shown: Services, app: Flask, address: str) -> None:
    client, page = phone(app, shown)
    for _ in range(2):
        with client.get(page + address) as answer:
            assert answer.status_code == 200
    (actor,) = looks(shown)
    assert actor.startswith("patient-session:")


def test_a_session_is_one_look_and_the_next_another(shown: Services, app: Flask) -> None:
    for expected in (1, 2):
        client, page = phone(app, shown)
        for address in SHOWING:
            client.get(page + address).close()
        assert len(set(looks(shown))) == len(looks(shown)) == expected
    assert len(audited(shown, "images.downloaded")) == 4


def test_what_shows_nothing_is_no_look(shown: Services, app: Flask) -> None:
    client, page = phone(app, shown)
    for address in SHOWING:
        client.head(page + address).close()
    for address in ("series/9/frames/1.jpg", "series/1/frames/9.jpg", "series/1/frames/1.jpg?size=1", "x"):
        assert client.get(page + address).status_code in (400, 404)
    assert client.get(page + "report.pdf").status_code == 200
    assert looks(shown) == []
    assert len(audited(shown, "report.downloaded")) == 1


def test_many_requests_and_processes_note_it_once(shown: Services, app: Flask, tmp_path: Path) -> None:
    client, page = phone(app, shown)
    other = bootstrap.build(shown.settings, clock_of(shown))
    apps = (app, application(other))
    cookie = client.get_cookie("cf-patient")
    assert cookie is not None

    def ask(number: int) -> int:
        browser = apps[number % 2].test_client()
        browser.set_cookie("cf-patient", cookie.value)
        return browser.get(f"{page}series/1/frames/{number % 2 + 1}.jpg").status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(24))) == {200}
    assert len(looks(shown)) == 1
    other.pictures.renderer.close()
    other.db.dispose()


def test_after_the_first_a_picture_costs_no_write(shown: Services, app: Flask) -> None:
    client, page = phone(app, shown)
    for seen in ("1.jpg", "1.png?wc=40&ww=400"):  # the second notes that quick copies are used, for half a day
        client.get(f"{page}series/1/frames/{seen}")
    written: list[str] = []
    event.listen(shown.db.engine, "before_cursor_execute", lambda *args: written.append(args[2]))
    for address in SHOWING[1:6]:
        assert client.get(page + address).status_code == 200
    assert [statement for statement in written if "audit" in statement or "BEGIN IMMEDIATE" in statement] == []

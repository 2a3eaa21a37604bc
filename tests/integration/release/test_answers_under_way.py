"""What is being sent when its session ends, or the exam is held or changed, is not sent to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from app.web.exam import cut_off
from tests.factories.access import let_in, revoke
from tests.factories.house import clock_of
from tests.factories.telling import exam_of, receive_study, register, report, sweep

LARGE = (
    "dicom.zip",
    "images.zip",
    "series/1/frames.batch?from=1&count=20",
    "series/1/frames/1.png?size=1024",
    "report.pdf",
    "manifest.json",
)


def hold(house: Services) -> None:
    house.release.holds.withhold(exam_of(house).id, "别人的影像", "staff:a")


def revoke_all(house: Services) -> None:
    revoke(house, "A1")


def add_a_study_of_somebody_else(house: Services) -> None:
    receive_study(house, PatientName="Wang^Jianguo=王^建国", PatientSex="M")


def let_it_be_idle(house: Services) -> None:
    clock_of(house).advance(house.settings.session_idle_min * 60 + 1)


@pytest.fixture
def phone(house: Services, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    """A session of an exam with report and pictures. Every answer is watched, and looked at when the test says so."""
    monkeypatch.setattr(cut_off, "EVERY_S", 3600)
    monkeypatch.setattr(cut_off, "SMALL", 0)
    monkeypatch.setattr(cut_off, "PIECE", 32)
    exam_id = register(house)
    report(house)
    house.pictures.completion.complete_now(receive_study(house, 2))
    while house.worker.run_job():
        pass
    sweep(house)
    yield let_in(app, house, exam_id)
    house.pictures.renderer.close()


@contextmanager
def begun(client: FlaskClient, house: Services, address: str) -> Iterator[Iterator[bytes]]:
    """The pieces of an answer, as the client takes them."""
    answer = client.get(f"/exams/{exam_of(house).id.hex}/{address}")
    assert answer.status_code == 200
    yield iter(answer.response)  # type: ignore[arg-type]
    answer.close()


def look(app: Flask) -> int:
    """The look of a second; how many answers are under way after it."""
    under_way: cut_off.UnderWay = app.extensions["cloudfilm.under-way"]
    under_way.look()
    return len(under_way._answers)


@pytest.mark.parametrize("address", LARGE)
@pytest.mark.parametrize("end", [hold, revoke_all, add_a_study_of_somebody_else, let_it_be_idle])
def test_it_is_cut_off(
    house: Services, app: Flask, phone: FlaskClient, end: Callable[[Services], None], address: str
) -> None:
    with begun(phone, house, address) as pieces:
        assert next(pieces)
        assert look(app) == 1
        assert next(pieces)  # nothing happened: it goes on
        end(house)
        assert look(app) == 0
        with pytest.raises(ConnectionResetError):
            next(pieces)


@pytest.mark.parametrize("address", LARGE)
def test_leaving_cuts_off_what_another_tab_downloads(
    house: Services, app: Flask, phone: FlaskClient, address: str
) -> None:
    page = f"/exams/{exam_of(house).id.hex}"
    token = phone.get(page).text.partition('name="csrf_token" value="')[2].partition('"')[0]
    with begun(phone, house, address) as pieces:
        assert next(pieces)
        assert phone.post(f"{page}/leave", data={"csrf_token": token}).status_code == 200
        assert look(app) == 0
        with pytest.raises(ConnectionResetError):
            next(pieces)


def test_what_was_sent_is_not_looked_at_any_more_and_using_it_keeps_the_session_alive(
    house: Services, app: Flask, phone: FlaskClient
) -> None:
    for address in LARGE:
        with begun(phone, house, address) as pieces:
            list(pieces)
        assert look(app) == 0
    with begun(phone, house, "dicom.zip") as pieces:
        next(pieces)
        for _ in range(3):
            clock_of(house).advance(house.settings.session_idle_min * 60 - 1)
            assert look(app) == 1
        list(pieces)


def test_an_answer_nobody_can_look_at_is_cut_off(
    house: Services, app: Flask, phone: FlaskClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with begun(phone, house, "dicom.zip") as pieces:
        next(pieces)
        with monkeypatch.context() as broken:
            broken.setattr(type(house.db), "look_up", lambda *_: 1 / 0)
            assert look(app) == 0
        with pytest.raises(ConnectionResetError):
            next(pieces)

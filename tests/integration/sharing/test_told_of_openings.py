"""Who shared an exam is told that somebody opened it: on the page each time, by message in bounds."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.bootstrap import Services
from app.models import Notification
from app.web.row_ids import row_id
from tests.factories.house import clock_of, services
from tests.factories.sharing import guest, patient, share
from tests.factories.telling import PHONE, messages, notifications, sweep


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path)


@pytest.fixture
def app(house: Services) -> Flask:
    return create_app(house.settings, house)


def told(house: Services) -> int:
    sweep(house)
    return sum("您分享的检查影像已有人打开" in message.text for message in messages(house, PHONE))


def test_the_first_opening_is_told_by_message_and_on_the_exams_page(house: Services, app: Flask) -> None:
    client, exam = patient(app, house)
    given = share(client, exam)
    assert "您的分享被打开过" not in client.get(f"/exams/{exam}").text
    guest(app, given)
    assert told(house) == 1
    page = client.get(f"/exams/{exam}").text
    assert "您的分享被打开过 1 次" in page
    assert f'href="/exams/{exam}/shares"' in page


def test_a_flood_of_openings_is_five_messages_a_day_and_every_one_on_the_page(house: Services, app: Flask) -> None:
    client, exam = patient(app, house)
    given = share(client, exam)
    for _ in range(3):
        guest(app, given)
    assert told(house) == 1
    for _ in range(20):
        clock_of(house).advance(601)
        guest(app, given)
        client.get(f"/exams/{exam}")
        messages_now = told(house)
    assert messages_now == 5
    assert "您的分享被打开过 23 次" in client.get(f"/exams/{exam}").text


def test_a_wrong_passcode_tells_nobody(house: Services, app: Flask) -> None:
    client, exam = patient(app, house)
    given = share(client, exam)
    app.test_client().post(given.path, data={"passcode": "not it"})
    assert told(house) == 0


def test_who_wants_no_news_by_text_message_gets_none_of_this_either(house: Services, app: Flask) -> None:
    client, exam = patient(app, house)
    house.notifications.opt_outs.said_at_desk(row_id(exam), True, "患者要求", "staff:desk")
    guest(app, share(client, exam))
    assert told(house) == 0
    rows: list[Notification] = notifications(house, row_id(exam))
    assert [(row.kind, row.state) for row in rows] == [("share_opened", "cancelled")]


def test_it_is_told_at_daytime_and_though_the_exam_is_held(tmp_path: Path) -> None:
    house = services(tmp_path, news_hours="8-21")
    app = create_app(house.settings, house)
    client, exam = patient(app, house)
    given = share(client, exam)
    clock_of(house).advance(14 * 3600)  # 23 o'clock in China
    guest(app, given)
    assert told(house) == 0
    clock_of(house).advance(10 * 3600)
    assert told(house) == 1

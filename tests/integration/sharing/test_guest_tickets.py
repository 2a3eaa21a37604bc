"""在浏览器打开 for guests: the address of a share in WeChat opens it in another browser, once, for ten minutes."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.bootstrap import Services
from app.models import AuditEvent, GuestSession
from app.services.sharing.guest_tickets import MOST, MOST_LIVE
from tests.factories.house import clock_of
from tests.factories.sharing import ALL, Given, doctor, guest, patient, revoke, share
from tests.factories.telling import PHONE, mark_prepared, messages, report, sweep

WECHAT = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.66"}
MINUTE = 60


@pytest.fixture
def owner(house: Services, app: Flask) -> FlaskClient:
    client, _ = patient(app, house)
    mark_prepared(house)
    report(house)
    sweep(house)
    return client


@pytest.fixture
def exam_id(house: Services, owner: FlaskClient) -> str:
    listed = owner.get("/exams", headers={"Accept": "application/json"}).get_json()
    return str(listed["exams"][0]["id"])


@pytest.fixture
def given(owner: FlaskClient, exam_id: str) -> Given:
    return share(owner, exam_id, **ALL)


def address(client: FlaskClient, page: str) -> str:
    found = client.get(page, headers=WECHAT).text.partition('data-address="')[2].partition('"')[0]
    assert found.startswith("/t/g/")
    return found


def test_a_file_of_a_share_is_opened_once_in_the_systems_browser_without_the_passcode(
    app: Flask, given: Given, owner: FlaskClient, exam_id: str
) -> None:
    in_wechat, share_page = guest(app, given)
    page = in_wechat.get(share_page, headers=WECHAT).text
    assert f'href="{share_page}/take/report.pdf"' in page
    assert f'href="{share_page}/report.pdf"' not in page
    ticket = address(in_wechat, share_page + "/take/report.pdf")
    for _ in range(5):
        assert app.test_client().get(ticket).status_code == 200  # a scanner of links
    browser = app.test_client()
    answer = browser.post(ticket)
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("/report.pdf")
    assert browser.get(answer.headers["Location"]).mimetype == "application/pdf"
    assert app.test_client().post(ticket).status_code == 403
    assert browser.get(ticket).status_code == 303, "loaded again it leads back"
    assert in_wechat.get(ticket).status_code == 303
    assert owner.get(f"/exams/{exam_id}/shares").text.count("编号") >= 2, "the patient sees it as an opening of its own"


def test_the_patient_is_told_of_an_opening_by_ticket_too(house: Services, app: Flask, given: Given) -> None:
    def told() -> int:
        sweep(house)
        return sum("您分享的检查影像已有人打开" in message.text for message in messages(house, PHONE))

    in_wechat, share_page = guest(app, given)
    assert told() == 1
    clock_of(house).advance(11 * MINUTE)
    assert app.test_client().post(address(in_wechat, share_page + "/take/report.pdf")).status_code == 303
    assert told() == 2


def test_other_browsers_and_a_doctors_pc_get_the_file_at_once(
    app: Flask, given: Given, owner: FlaskClient, exam_id: str
) -> None:
    client, page = guest(app, given)
    assert "/t/g/" not in client.get(page).text
    assert client.get(page + "/take/report.pdf").headers["Location"] == page + "/report.pdf"
    pc, address_of_pc = doctor(app, owner, exam_id)
    assert "/t/g/" not in pc.get(address_of_pc, headers=WECHAT).text, "digits open one session each"
    assert pc.get(address_of_pc + "/take/report.pdf", headers=WECHAT).status_code == 303


def test_of_twenty_at_once_one_opens(house: Services, app: Flask, given: Given) -> None:
    client, page = guest(app, given)
    ticket, start, found = address(client, page), threading.Barrier(20), Counter[int]()

    def use() -> None:
        start.wait()
        found.update([app.test_client().post(ticket).status_code])

    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {303: 1, 403: 19}
    with house.db.read() as session:
        assert session.scalar(select(func.count()).select_from(GuestSession)) == 2
        told = [row.action for row in session.scalars(select(AuditEvent)) if row.action == "share.opened"]
    assert len(told) == 2


@pytest.mark.parametrize(("seconds", "status"), [(10 * MINUTE - 1, 303), (10 * MINUTE, 403), (-2 * MINUTE, 403)])
def test_it_lasts_ten_minutes(house: Services, app: Flask, given: Given, seconds: int, status: int) -> None:
    client, page = guest(app, given)
    ticket = address(client, page)
    clock_of(house).advance(seconds)
    assert app.test_client().post(ticket).status_code == status


def test_a_share_that_is_stopped_ends_the_ticket_and_what_it_began(
    app: Flask, given: Given, owner: FlaskClient, exam_id: str
) -> None:
    client, page = guest(app, given)
    used, unused, browser = address(client, page), address(client, page), app.test_client()
    opened = browser.post(used).headers["Location"]
    assert browser.get(opened).status_code == 200
    revoke(owner, exam_id, given)
    assert browser.get(opened).status_code == 404
    assert app.test_client().post(unused).status_code == 403


def test_what_was_not_shared_has_no_page_and_a_ticket_of_a_patient_opens_no_share(
    app: Flask, owner: FlaskClient, exam_id: str
) -> None:
    client, page = guest(app, share(owner, exam_id, report="1"))
    for name, status in (("report.pdf", 200), ("images.zip", 404), ("dicom.zip", 404)):
        assert client.get(f"{page}/take/{name}", headers=WECHAT).status_code == status
    found = owner.get(f"/exams/{exam_id}", headers=WECHAT).text.partition('data-address="')[2].partition('"')[0]
    assert found.startswith("/t/")
    assert app.test_client().post(found.replace("/t/", "/t/g/", 1)).status_code == 403
    assert app.test_client().post(address(client, page).replace("/t/g/", "/t/", 1)).status_code == 403
    assert app.test_client().post("/t/g/nothing").status_code == 403


def used(app: Flask, ticket: str) -> tuple[FlaskClient, str]:
    """A browser in which a ticket was used, and where the share is open in it."""
    browser = app.test_client()
    answer = browser.post(ticket)
    assert answer.status_code == 303
    return browser, answer.headers["Location"]


def are_live(opened: list[tuple[FlaskClient, str]]) -> list[bool]:
    return [browser.get(page).status_code == 200 for browser, page in opened]


@pytest.mark.parametrize("way", ["one session gives all", "each gives the next"])
def test_one_passcode_is_open_in_few_browsers_at_a_time(house: Services, app: Flask, given: Given, way: str) -> None:
    """A guest sends tickets to a whole chat: the newest few are open, and the others end as these begin."""
    first = guest(app, given)
    opened = [first]
    for _ in range(MOST_LIVE + 3):
        clock_of(house).advance(MINUTE)
        opened.append(used(app, address(*(first if way.startswith("one") else opened[-1]))))
    assert are_live(opened) == [True] + [False] * 3 + [True] * MOST_LIVE
    other = guest(app, given)
    clock_of(house).advance(MINUTE)
    assert are_live([*opened, used(app, address(*other))]) == [*are_live(opened), True]
    assert are_live(opened).count(True) == MOST_LIVE + 1, "another guest with the passcode ends nothing of this one"


def test_tickets_used_for_ever_fill_no_table(house: Services, app: Flask, given: Given) -> None:
    client, page = guest(app, given)
    found = Counter(app.test_client().post(address(client, page)).status_code for _ in range(MOST + 5))
    assert found == {303: MOST, 403: 5}
    with house.db.read() as session:
        assert session.scalar(select(func.count()).select_from(GuestSession)) == MOST + 1
    assert client.get(page).status_code == 200


def test_tickets_used_at_once_open_no_browser_more(house: Services, app: Flask, given: Given) -> None:
    client, page = guest(app, given)
    tickets = [address(client, page) for _ in range(MOST_LIVE + 7)]
    with ThreadPoolExecutor(len(tickets)) as pool:
        opened = list(pool.map(partial(used, app), tickets))
    assert are_live(opened).count(True) == MOST_LIVE


def test_a_ticket_that_is_over_sends_a_guest_to_who_shared_and_not_to_the_desk(
    house: Services, app: Flask, given: Given
) -> None:
    in_wechat, share_page = guest(app, given)
    take = in_wechat.get(share_page + "/take/report.pdf", headers=WECHAT).text
    ticket = take.partition('data-address="')[2].partition('"')[0]
    clock_of(house).advance(11 * MINUTE)
    over = app.test_client().post(ticket)
    assert over.status_code == 403
    for page in (take, over.text):
        assert "服务台" not in page
        assert "身份证" not in page
        assert "分享给您的人" in page
        assert 'href="/d"' in page

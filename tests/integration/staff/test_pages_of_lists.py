"""Every list of the console is read page by page, by the key of a row: no row is left out or shown twice, whatever
comes meanwhile, and it works by links alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
from flask import Flask

from app.bootstrap import Services
from tests.factories import pages
from tests.factories.pages import turned
from tests.factories.staff import Console, console

SIZE = 3
ROWS = 8


@dataclass(frozen=True)
class Listed:
    """`add`: makes the row of a number, newer ones later; returns what the page shows of it."""

    role: str
    address: str
    size_at: str
    add: Callable[[Services, int], str]


LISTS = {
    "studies": Listed("desk", "/staff/unmatched", "desk.waiting", pages.unmatched),
    "held": Listed("desk", "/staff/unmatched", "desk.waiting", pages.held),
    "without-pictures": Listed("desk", "/staff/unmatched", "desk.waiting", pages.without_pictures),
    "desk": Listed("desk", "/staff/messages", "desk.messages", partial(pages.message, state="desk")),
    "failed": Listed("desk", "/staff/messages", "desk.failed_messages", partial(pages.message, state="failed")),
    "requests": Listed("desk", "/staff/data-requests", "data_requests.requests", pages.data_request),
    "jobs": Listed("system_admin", "/staff/system", "queue.job_queue", pages.job),
    "quarantine": Listed("system_admin", "/staff/system", "ingest.quarantine", pages.quarantined),
}


OLDEST_FIRST = {"requests"}


@pytest.fixture
def shown_few(monkeypatch: pytest.MonkeyPatch) -> None:
    for listed in LISTS.values():
        monkeypatch.setattr(f"app.services.{listed.size_at}.SHOWN", SIZE)


def walked(browser: Console, address: str, listed: str, marks: list[str]) -> list[list[str]]:
    """What each page of a list shows, from the top to the end."""
    query: str | None = ""
    found = []
    while query is not None:
        page = browser.get(address + query).text
        found.append([mark for mark in marks if mark in page])
        query = turned(page, listed, "older")
    return found


@pytest.mark.usefixtures("shown_few")
@pytest.mark.parametrize("name", LISTS)
def test_each_row_of_a_list_is_on_one_page_in_order(house: Services, app: Flask, name: str) -> None:
    listed = LISTS[name]
    marks = [listed.add(house, number) for number in range(ROWS)]
    browser = console(app, house, listed.role)
    walk = walked(browser, listed.address, name, marks)
    if name in OLDEST_FIRST:
        assert [mark for page in walk for mark in page] == marks
    else:
        assert [mark for page in walk for mark in reversed(page)] == marks[::-1]


@pytest.mark.usefixtures("shown_few")
@pytest.mark.parametrize("name", sorted(LISTS.keys() - OLDEST_FIRST))
def test_a_page_stays_as_it_is_while_rows_come_and_the_way_back_shows_them(
    house: Services, app: Flask, name: str
) -> None:
    listed = LISTS[name]
    marks = [listed.add(house, number) for number in range(ROWS)]
    browser = console(app, house, listed.role)
    query = turned(browser.get(listed.address).text, name, "older")
    assert query is not None
    before = browser.get(listed.address + query).text
    late = [listed.add(house, number) for number in range(ROWS, ROWS + 2)]
    after = browser.get(listed.address + query).text
    assert [mark for mark in marks if mark in after] == [mark for mark in marks if mark in before]
    back = query
    for _ in range(ROWS):
        step = turned(browser.get(listed.address + back).text, name, "newer")
        if step is None:
            break
        back = step
    assert all(mark in browser.get(listed.address + back).text for mark in late)


@pytest.mark.usefixtures("shown_few")
def test_turning_one_list_leaves_the_others_where_they_are(house: Services, app: Flask) -> None:
    studies = [pages.unmatched(house, number) for number in range(ROWS)]
    for number in range(ROWS):
        pages.held(house, number)
    browser = console(app, house, "desk")
    second = turned(browser.get("/staff/unmatched").text, "studies", "older")
    assert second is not None
    page = browser.get("/staff/unmatched" + second).text
    both = turned(page, "held", "older")
    assert both is not None
    beside = browser.get("/staff/unmatched" + both).text
    assert [mark for mark in studies if mark in beside] == [mark for mark in studies if mark in page]


def test_the_audit_log_is_turned_with_its_filter(house: Services, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.services.audit.reading.SHOWN", SIZE)
    marks = [pages.exam_to_be_listed(house, number).id.hex for number in range(ROWS)]
    reader = console(app, house, "audit_admin")
    subjects = [f"exam:{mark}" for mark in marks]
    found = walked(reader, "/staff/audit", "log", subjects)
    assert len(found) > ROWS // SIZE + 1, "other events are between"
    only = walked_with(reader, "/staff/audit", "?action=exam.registered", subjects)
    assert [mark for page in only for mark in reversed(page)] == subjects[::-1]


def walked_with(browser: Console, address: str, first: str, marks: list[str]) -> list[list[str]]:
    query: str | None = first
    found = []
    while query is not None:
        page = browser.get(address + query).text
        assert "code.issued" not in page
        found.append([mark for mark in marks if mark in page])
        query = turned(page, "log", "older")
    return found


@pytest.mark.parametrize("key", ["x", "2026-03-02T00:00:00Z~zz", "~", "-1", "1" * 200])
@pytest.mark.parametrize("name", [*LISTS, "log"])
def test_a_made_up_key_is_refused_and_nothing_is_shown(house: Services, app: Flask, name: str, key: str) -> None:
    role, address = ("audit_admin", "/staff/audit") if name == "log" else (LISTS[name].role, LISTS[name].address)
    browser = console(app, house, role)
    assert browser.get(f"{address}?{name}.older={key}").status_code == 400

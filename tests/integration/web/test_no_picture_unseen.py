"""Whichever address of an exam shows the first picture to a session, a line of the audit log says that it looked."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from werkzeug.routing import Rule

from app.web.row_ids import row_id
from tests.factories.access import let_in
from tests.factories.crawler import Crawler, routes
from tests.factories.sharing import guest, share
from tests.factories.staff import audited
from tests.factories.whole_house import WholeHouse, whole_house

SHOWN_AS = ("image/", "application/zip", "application/octet-stream")
LEAST = 12
"""Addresses that show pictures, of each kind of session."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeHouse]:
    made = whole_house(tmp_path_factory.mktemp("house"))
    yield made
    made.close()


def pictures(house: WholeHouse, first: str) -> Iterator[Rule]:
    for method, rule in routes(house.app):
        if method == "GET" and rule.rule.startswith(first):
            yield rule


def of_patient(house: WholeHouse) -> str:
    """The cookie of a session that saw nothing yet."""
    cookie = let_in(house.app, house.services, row_id(house.known["exam_id"])).get_cookie("cf-patient")
    assert cookie is not None
    return f"cf-patient={cookie.value}"


def of_guest(house: WholeHouse) -> str:
    owner = let_in(house.app, house.services, row_id(house.known["exam_id"]))
    given = share(owner, house.known["exam_id"], pictures="1", report="1", originals="1")
    client, base = guest(house.app, given)
    house.known["guest_id"] = base.rpartition("/")[2]
    cookie = client.get_cookie("cf-guest")
    assert cookie is not None
    return f"cf-guest={cookie.value}"


@pytest.mark.parametrize(("first", "session"), [("/exams/<exam_id>", of_patient), ("/guest/<exam_id>", of_guest)])
def test_each_address_that_shows_a_picture_is_a_look_when_it_is_the_first(
    house: WholeHouse, first: str, session: object
) -> None:
    crawler, shown = Crawler(house, Random(1)), []
    for rule in pictures(house, first):
        assert callable(session)
        house.restore()
        headers, before = {"Cookie": session(house)}, len(audited(house.services, "images.viewed"))
        answer = crawler.with_headers("GET", rule, headers)
        looked = len(audited(house.services, "images.viewed")) - before
        kind = str(dict(answer.headers).get("Content-Type", ""))
        if answer.status == 200 and kind.startswith(SHOWN_AS):
            shown.append(rule.rule)
            assert looked == 1, rule.rule
        assert looked <= 1
    assert len(shown) >= LEAST, shown

"""A page of another site, or a cache between: no form of theirs is taken, no header of theirs changes what we answer.

Every route of the whole house is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from app.web.error_pages import MACHINE_PATHS
from tests.factories.crawler import ANSWERED_NOWHERE, Crawler, routes
from tests.factories.whole_house import WholeHouse, whole_house

FOREIGN = ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"})
POISON = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Prefix": "/evil.example",
    "X-Forwarded-Scheme": "evil.example",
    "X-Original-URL": "/evil.example",
    "X-Rewrite-URL": "/evil.example",
    "X-Host": "evil.example",
    "Forwarded": "host=evil.example",
    "X-HTTP-Method-Override": "POST",
}
CACHED = ("static_files", "bootstrap")
"""Rooms whose answers may be kept: they name nobody."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeHouse]:
    made = whole_house(tmp_path_factory.mktemp("house"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def crawler(house: WholeHouse) -> Crawler:
    return Crawler(house, Random(20260302))


def test_no_form_of_another_site_reaches_a_view(house: WholeHouse, crawler: Crawler) -> None:
    asked = 0
    for method, rule in routes(house.app):
        if method != "POST" or rule.rule.startswith(MACHINE_PATHS):
            continue
        for headers in FOREIGN:
            answer = crawler.with_headers(method, rule, headers)
            assert answer.status in (403, 404), (rule.rule, headers, answer.status)
            asked += 1
        assert crawler.crawl.views[f"{method} {rule}"] == 0, rule.rule
    assert asked > 60


def test_no_form_of_a_session_is_taken_without_its_token(house: WholeHouse, crawler: Crawler) -> None:
    asked = 0
    for method, rule in routes(house.app):
        answer = crawler.without_token(method, rule) if method == "POST" else None
        if answer is not None and rule.endpoint != ANSWERED_NOWHERE:
            assert 400 <= answer.status < 500, (rule.rule, answer.status)
            asked += 1
    assert asked > 20


def test_no_header_of_a_stranger_gets_into_what_others_are_answered(house: WholeHouse, crawler: Crawler) -> None:
    for method, rule in routes(house.app):
        if method != "GET":
            continue
        answer = crawler.with_headers(method, rule, POISON)
        told = answer.body + str(answer.headers).encode()
        assert b"evil.example" not in told, rule.rule
        if rule.endpoint.partition(".")[0] not in CACHED:
            assert answer.headers.get("Cache-Control") == "no-store", rule.rule

"""No route answers what it is sent with a server error: not to a stranger, nor to a patient, staff or a machine."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from tests.factories import odd_values
from tests.factories.crawler import REFUSED, Crawl, Crawler, routes
from tests.factories.whole_house import (
    BOUND,
    DOCTOR,
    GUEST,
    HELPER,
    PATIENT,
    PERSON,
    RELATIVE,
    WholeHouse,
    whole_house,
)

SEED = 20260302
CHANGED = 4
"""Changed requests of each route by whom it is for; everybody else asks it once."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeHouse]:
    made = whole_house(tmp_path_factory.mktemp("house"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def crawler(house: WholeHouse) -> Crawler:
    return Crawler(house, Random(SEED))


def no_server_error(crawl: Crawl) -> bool:
    first = crawl.server_errors[:1]
    assert not first, f"{len(crawl.server_errors)} of {crawl.statuses.total()} answers, first {first}"
    return True


def test_each_route_answers_what_is_meant_and_its_view_runs(house: WholeHouse, crawler: Crawler) -> None:
    for method, rule in routes(house.app):
        answer = crawler.as_meant(method, rule)
        assert answer.status < 400 or rule.endpoint in REFUSED, (
            method,
            rule.rule,
            answer.status,
            answer.fault,
        )
    assert {f"{method} {rule}" for method, rule in routes(house.app)} == set(crawler.crawl.views)
    assert no_server_error(crawler.crawl)


def test_each_kind_of_caller_really_gets_inside(house: WholeHouse, crawler: Crawler) -> None:
    """A crawler whose session is dead tries nothing but doors."""
    crawler.by_everybody()
    assert crawler.never_inside() == set()
    inside = crawler.crawl.inside
    patients = {inside[caller] for caller in (PATIENT, PERSON, BOUND, HELPER, GUEST, DOCTOR)}
    assert min(patients) > 10, inside
    assert inside[RELATIVE] > 2, inside
    assert no_server_error(crawler.crawl)


def test_the_worst_values_in_each_field_of_each_route_are_no_server_error(house: WholeHouse, crawler: Crawler) -> None:
    before = crawler.crawl.statuses.total()
    for method, rule in routes(house.app):
        crawler.each_field(method, rule, odd_values.WORST)
    assert no_server_error(crawler.crawl)
    assert crawler.crawl.statuses.total() - before > 1000


def test_changed_requests_of_everybody_to_each_route_are_no_server_error(house: WholeHouse, crawler: Crawler) -> None:
    for method, rule in routes(house.app):
        for caller in (*[None] * CHANGED, *house.callers):
            crawler.changed(method, rule, caller)
    assert no_server_error(crawler.crawl)
    assert {(rule.rule, caller) for _, rule in routes(house.app) for caller in house.callers} <= set(
        crawler.crawl.asked
    )
    assert crawler.crawl.statuses[200] > 100

"""All processes of a hospital share one access token: WeChat is asked once in its life, and never in a loop."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.bootstrap import Services
from app.bootstrap.wechat import Connection
from tests.factories.house import clock_of, services
from tests.factories.wechat import APPID, SECRET, Wechat, wechat
from wechat.errors import CallError, TokenStuck
from wechat.tokens import LEASE

ASKS, MENU = "/cgi-bin/stable_token", "/cgi-bin/get_current_selfmenu_info"


@contextmanager
def houses(folder: Path, number: int) -> Iterator[tuple[Wechat, list[Services]]]:
    """So many processes of one hospital, as far as the database and the token can tell; their clock is WeChat's."""
    with wechat() as real:
        settings = {"wechat_appid": APPID, "wechat_secret": SECRET, "wechat_api_url": real.base}
        built = [services(folder, **settings) for _ in range(number)]
        real.clock.at = clock_of(built[0]).now().timestamp()
        try:
            yield real, built
        finally:
            for each in built:
                each.db.dispose()


def of(house: Services) -> Connection:
    assert house.wechat.connection is not None
    return house.wechat.connection


def later(real: Wechat, built: list[Services], seconds: float) -> None:
    real.clock.at += seconds
    for each in built:
        clock_of(each).advance(seconds)


def calls_at_once(built: list[Services], number: int) -> None:
    with ThreadPoolExecutor(number) as pool:
        answers = list(pool.map(lambda at: of(built[at % len(built)]).account.get(MENU), range(number)))
    assert len(answers) == number


def test_two_hundred_calls_at_once_of_four_processes_fetch_once_in_each_life(tmp_path: Path) -> None:
    with houses(tmp_path, 4) as (real, built):
        for life in (1, 2, 3):
            calls_at_once(built, 200)
            assert real.ask("/control/counts")[ASKS] == life
            later(real, built, 6_901)


def test_a_token_that_was_taken_away_is_fetched_once_for_all(tmp_path: Path) -> None:
    with houses(tmp_path, 4) as (real, built):
        calls_at_once(built, 8)
        real.ask("/control/invalidate", {})
        calls_at_once(built, 100)
        assert real.ask("/control/counts")[ASKS] == 2


def test_the_same_bad_token_again_stops_everybody_and_alarms_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with houses(tmp_path, 2) as (real, built):
        alarms: list[str] = []
        for each in built:
            monkeypatch.setattr(of(each).account.token, "alarm", lambda: alarms.append("x"))
        real.ask("/control/faults", {"path": MENU, "kind": "40001", "times": 99})
        for each in built * 3:
            with pytest.raises(TokenStuck):
                of(each).account.get(MENU)
        assert alarms == ["x"]
        counts = real.ask("/control/counts")
        assert (counts[ASKS], counts[MENU]) == (2, 2)
        real.ask("/control/faults", {"path": MENU, "kind": "40001", "times": 0})
        later(real, built, 601)
        assert of(built[0]).account.get(MENU)["is_menu_open"] == 0


def test_an_outage_while_fetching_leaves_no_claim_behind(tmp_path: Path) -> None:
    with houses(tmp_path, 2) as (real, built):
        real.ask("/control/faults", {"path": ASKS, "kind": "-1", "times": 1})
        with pytest.raises(CallError):
            of(built[0]).account.get(MENU)
        assert of(built[1]).account.get(MENU)["is_menu_open"] == 0


def test_who_claimed_the_fetch_and_died_holds_nobody_up_for_long(tmp_path: Path) -> None:
    with houses(tmp_path, 2) as (real, built):
        shelf = of(built[0]).account.token.shelf  # type: ignore[attr-defined]
        assert shelf.claim(clock_of(built[0]).now() + LEASE)
        later(real, built, 31)
        assert of(built[1]).account.get(MENU)["is_menu_open"] == 0


def test_a_ticket_is_shared_and_fetched_with_the_shared_token(tmp_path: Path) -> None:
    with houses(tmp_path, 2) as (real, built):
        assert of(built[0]).ticket.current() == of(built[1]).ticket.current()
        counts = real.ask("/control/counts")
        assert (counts[ASKS], counts["/cgi-bin/ticket/getticket"]) == (1, 1)


def test_no_token_lies_in_the_database_in_clear_text(tmp_path: Path) -> None:
    with houses(tmp_path, 1) as (real, built):
        token = of(built[0]).account.token.current()
        assert token == real.stable_token()["access_token"]
    assert all(token.encode() not in each.read_bytes() for each in tmp_path.iterdir() if each.is_file())

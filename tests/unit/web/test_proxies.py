"""The client's address is what trusted proxies saw, never what a client wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask, request

from app.services.patient_access.verification import Attempt
from tests.factories.access import application, issued
from tests.factories.house import services

PEER = "198.51.100.9"


def address_seen(folder: Path, proxies: int, forwarded: str) -> str | None:
    """What a view takes for the client's address."""
    app: Flask = application(services(folder, trusted_proxies=str(proxies)))
    seen = []
    app.view_functions["patient_entry.landing"] = lambda: seen.append(request.remote_addr) or "ok"
    headers = {"X-Forwarded-For": forwarded}
    app.test_client().get("/", headers=headers, environ_base={"REMOTE_ADDR": PEER})
    return seen[0]


@pytest.mark.parametrize("forged", ["203.0.113.1", "203.0.113.1, 203.0.113.2", "127.0.0.1", ""])
def test_without_a_trusted_proxy_the_headers_are_ignored(tmp_path: Path, forged: str) -> None:
    assert address_seen(tmp_path, 0, forged) == PEER


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (1, "203.0.113.1", "203.0.113.1"),
        (1, "1.1.1.1, 203.0.113.1", "203.0.113.1"),  # the client wrote the first itself
        (1, "1.1.1.1, 2.2.2.2, 2001:db8::7", "2001:db8::7"),
        (2, "1.1.1.1, 203.0.113.1, 10.0.0.2", "203.0.113.1"),
    ],
)
def test_only_what_trusted_proxies_appended_counts(tmp_path: Path, proxies: int, forwarded: str, address: str) -> None:
    assert address_seen(tmp_path, proxies, forwarded) == address


def test_fewer_entries_than_proxies_come_past_one_of_them_and_count_as_none(tmp_path: Path) -> None:
    assert address_seen(tmp_path, 2, "203.0.113.1") == PEER


def test_scheme_host_and_prefix_are_never_taken_from_headers(tmp_path: Path) -> None:
    app = application(services(tmp_path, trusted_proxies="1"))
    seen = []
    app.view_functions["patient_entry.landing"] = lambda: seen.append(request.url_root) or "ok"
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "ftp", "X-Forwarded-Prefix": "/x"}
    app.test_client().get("/", headers={**forged, "X-Forwarded-For": "1.1.1.1", "X-Forwarded-Port": "7"})
    assert seen == ["http://localhost/"]


def test_a_forged_address_gets_no_more_guesses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes another address into each request is still counted as one."""
    house = services(tmp_path, trusted_proxies="1", address_failures_per_hour="3")
    client = application(house).test_client()
    exam = issued(house)
    addresses: list[str] = []
    open_by_factor = house.verification.open_by_factor

    def watched(attempt: Attempt, factor: str) -> object:
        addresses.append(attempt.address)
        return open_by_factor(attempt, factor)

    monkeypatch.setattr(type(house.verification), "open_by_factor", lambda _self, *given: watched(*given))
    statuses = []
    for guess in range(5):
        headers = {"X-Forwarded-For": f"1.1.1.{guess}, 203.0.113.5"}
        statuses.append(client.post(f"/q/{exam.qr[:-1]}{'ABCDE'[guess]}", data={"factor": "9999"}, headers=headers))
    assert set(addresses) == {"203.0.113.5"}
    assert [answer.status_code for answer in statuses] == [403, 403, 403, 429, 429]

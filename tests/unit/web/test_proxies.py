"""The client's address is what trusted proxies saw, never what a client wrote, and never the proxy's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask, request

from app.services.patient_access.verification import Attempt
from tests.factories.access import application, issued
from tests.factories.forwarded_headers import OPEN_QUOTE, client_of, values
from tests.factories.house import services
from tests.places import ROOT

PEER, STRANGER = "127.0.0.1", "198.51.100.9"
UNKNOWN = ""


def seen_by(folder: Path, proxies: int, **changes: str) -> tuple[Flask, list[str | None]]:
    """An application, and what its views take for the clients' addresses."""
    app: Flask = application(services(folder, trusted_proxies=str(proxies), **changes))
    seen: list[str | None] = []
    app.view_functions["patient_entry.landing"] = lambda: seen.append(request.remote_addr) or "ok"
    return app, seen


def address_seen(folder: Path, proxies: int, forwarded: str | None, peer: str = PEER, **changes: str) -> str | None:
    app, seen = seen_by(folder, proxies, **changes)
    base = {"REMOTE_ADDR": peer} | ({} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded})
    app.test_client().get("/", environ_base=base)
    return seen[0]


@pytest.mark.parametrize("forged", ["203.0.113.1", "203.0.113.1, 203.0.113.2", "127.0.0.1", "", OPEN_QUOTE])
def test_without_a_trusted_proxy_the_headers_are_ignored(tmp_path: Path, forged: str) -> None:
    assert address_seen(tmp_path, 0, forged, STRANGER) == STRANGER


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (1, "203.0.113.1", "203.0.113.1"),
        (1, "1.1.1.1, 203.0.113.1", "203.0.113.1"),  # the client wrote the first itself
        (1, "1.1.1.1, 2.2.2.2, 2001:db8::7", "2001:db8::7"),
        (1, '", 203.0.113.1', "203.0.113.1"),  # a quote binds nothing
        (1, "::ffff:203.0.113.1", "203.0.113.1"),
        (2, "1.1.1.1, 203.0.113.1, 10.0.0.2", "203.0.113.1"),
        (2, "1.1.1.1,203.0.113.1,10.0.0.2", "203.0.113.1"),  # repeated headers, as the server joins them
    ],
)
def test_only_what_trusted_proxies_wrote_counts(tmp_path: Path, proxies: int, forwarded: str, address: str) -> None:
    assert address_seen(tmp_path, proxies, forwarded) == address


@pytest.mark.parametrize(
    ("proxies", "forwarded"),
    [
        (1, None),
        (1, ""),
        (1, OPEN_QUOTE),
        (1, "203.0.113.1,"),
        (1, '"203.0.113.1"'),
        (1, "203.0.113.1:443"),
        (1, "unknown"),
        (1, "fe80::1%eth0"),
        (2, "203.0.113.1"),
        (2, ", 203.0.113.1"),
        (2, f"{OPEN_QUOTE}, 10.0.0.2"),
    ],
)
def test_whoever_no_proxy_names_is_unknown(tmp_path: Path, proxies: int, forwarded: str | None) -> None:
    assert address_seen(tmp_path, proxies, forwarded) == UNKNOWN


@pytest.mark.parametrize("peer", [STRANGER, "10.0.0.2", "::2", "", "unix:", "not an address"])
def test_who_comes_from_no_proxy_is_not_believed_and_unknown(tmp_path: Path, peer: str) -> None:
    assert address_seen(tmp_path, 1, "203.0.113.1", peer) == UNKNOWN


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_the_loopback_is_a_proxys_unless_another_address_is_set(tmp_path: Path, peer: str) -> None:
    assert address_seen(tmp_path / "a", 1, "203.0.113.1", peer) == "203.0.113.1"
    assert address_seen(tmp_path / "b", 1, "203.0.113.1", peer, proxy_addresses="10.0.0.2/32") == UNKNOWN
    assert address_seen(tmp_path / "c", 1, "203.0.113.1", "10.0.0.2", proxy_addresses="10.0.0.2/32") == "203.0.113.1"


@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_whatever_a_client_writes_it_is_never_taken_for_the_proxy(tmp_path: Path, proxies: int) -> None:
    """The proxy comes from an address that no header names: where it is seen, it was kept."""
    proxy = "127.88.0.1"
    app, seen = seen_by(tmp_path, proxies)
    client, headers = app.test_client(), values()
    for header in headers:
        client.get("/", environ_base={"REMOTE_ADDR": proxy, "HTTP_X_FORWARDED_FOR": header})
    assert len(seen) == len(headers) >= 500
    if not proxies:
        assert set(seen) == {proxy}
        return
    assert proxy not in seen
    assert seen == [client_of(header, proxies) for header in headers]
    assert seen.count(UNKNOWN) >= 150
    assert len(seen) - seen.count(UNKNOWN) >= 100
    assert len(set(seen)) >= 8


def test_an_open_quote_opens_no_console(tmp_path: Path) -> None:
    """Behind a proxy on this machine, with the console open to this machine and private networks as shipped."""
    client = application(services(tmp_path, trusted_proxies="1")).test_client()
    for forged in (OPEN_QUOTE, f'"{PEER}', f"{OPEN_QUOTE}, {OPEN_QUOTE}"):
        assert client.get("/staff/login", headers={"X-Forwarded-For": forged}).status_code == 404
    assert client.get("/staff/login").status_code == 404
    assert client.get("/staff/login", headers={"X-Forwarded-For": "10.1.2.3"}).status_code == 200


@pytest.mark.parametrize("proxies", [1, 2])
def test_the_console_opens_for_the_hospitals_addresses_and_no_other_header(tmp_path: Path, proxies: int) -> None:
    client = application(services(tmp_path, trusted_proxies=str(proxies))).test_client()
    opened = {header: client.get("/staff/login", environ_base={"HTTP_X_FORWARDED_FOR": header}) for header in values()}
    inside = {header for header, answer in opened.items() if answer.status_code == 200}
    assert {client_of(header, proxies) for header in inside} == {"10.1.2.3", "192.168.1.9", "fd00::2"}
    assert len(opened) - len(inside) >= 200


def test_a_proxys_own_address_is_never_staffs_though_the_console_is_open_to_it(tmp_path: Path) -> None:
    """It is what everybody has when one proxy more stands in front than is counted."""
    outer = services(tmp_path, trusted_proxies="1", proxy_addresses="127.0.0.0/8,10.0.0.2/32")
    client = application(outer).test_client()
    answers = {
        address: client.get("/staff/login", headers={"X-Forwarded-For": address}).status_code
        for address in ("127.0.0.1", "::ffff:127.0.0.1", "10.0.0.2", "10.0.0.3")
    }
    assert answers == {"127.0.0.1": 404, "::ffff:127.0.0.1": 404, "10.0.0.2": 404, "10.0.0.3": 200}


def test_scheme_host_and_prefix_are_never_taken_from_headers(tmp_path: Path) -> None:
    app = application(services(tmp_path, trusted_proxies="1"))
    seen = []
    app.view_functions["patient_entry.landing"] = lambda: seen.append(request.url_root) or "ok"
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "ftp", "X-Forwarded-Prefix": "/x"}
    forged |= {
        "X-Forwarded-Server": "evil.example",
        "X-Real-Ip": "1.1.1.1",
        "Forwarded": "for=1.1.1.1;host=evil.example",
    }
    app.test_client().get("/", headers={**forged, "X-Forwarded-For": "1.1.1.1", "X-Forwarded-Port": "7"})
    assert seen == ["http://localhost/"]


def test_nothing_else_of_the_application_reads_who_or_what_was_forwarded() -> None:
    readers = {
        path.relative_to(ROOT / "app").as_posix()
        for path in (ROOT / "app").rglob("*.py")
        if any(word in path.read_text() for word in ("HTTP_X_", "HTTP_FORWARDED", "access_route", "ProxyFix"))
    }
    assert readers == {"web/wsgi/proxies.py"}


def test_a_forged_address_gets_no_more_guesses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes another address into each request is still counted as one."""
    house = services(tmp_path, trusted_proxies="1", address_failures_per_hour="3")
    client = application(house).test_client()
    exam = issued(house)
    addresses: list[str] = []
    open_by_factor = house.patient_access.verification.open_by_factor

    def watched(attempt: Attempt, factor: str) -> object:
        addresses.append(attempt.address)
        return open_by_factor(attempt, factor)

    monkeypatch.setattr(
        type(house.patient_access.verification), "open_by_factor", lambda _self, *given: watched(*given)
    )
    statuses = []
    for guess in range(5):
        headers = {"X-Forwarded-For": f"1.1.1.{guess}, 203.0.113.5"}
        statuses.append(client.post(f"/q/{exam.qr[:-1]}{'ABCDE'[guess]}", data={"factor": "9999"}, headers=headers))
    assert set(addresses) == {"203.0.113.5"}
    assert [answer.status_code for answer in statuses] == [403, 403, 403, 429, 429]

"""Which address a failure counts against, and where none is counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.models import AccessAttempts
from tests.factories.access import WRONG, application, issued, post, statuses
from tests.factories.house import services


@pytest.mark.parametrize(
    ("hostile", "neighbour", "shared_fate"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:203.0.113.1", "::ffff:203.0.113.2", False),
        ("::ffff:203.0.113.1", "203.0.113.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("203.0.113.1", "203.0.113.2", False),
        ("not an address", "", True),
    ],
)
def test_an_address_is_a_64_of_ipv6_or_one_ipv4_however_it_is_written(
    tmp_path: Path, hostile: str, neighbour: str, shared_fate: bool
) -> None:
    house = services(tmp_path, address_failures_per_hour="3")
    app, exam = application(house), issued(house)
    for letter in "BCD":
        assert statuses(app, "/q/" + letter * 26, WRONG, 1, hostile) == [403]
    expected = 429 if shared_fate else 303
    assert statuses(app, f"/q/{exam.qr}", {"factor": exam.factor}, 1, neighbour) == [expected]


@pytest.mark.parametrize(("hops", "expected"), [("0", 429), ("1", 303)])
def test_a_forwarded_address_counts_only_behind_a_trusted_proxy(tmp_path: Path, hops: str, expected: int) -> None:
    house = services(tmp_path, address_failures_per_hour="3", trusted_proxies=hops)
    app, exam = application(house), issued(house)

    def through_proxy(address: str, form: dict[str, str], caller: str) -> int:
        forged = {"X-Forwarded-For": f"198.51.100.7, {caller}"}
        return (
            app.test_client()
            .post(address, data=form, headers=forged, environ_base={"REMOTE_ADDR": "127.0.0.1"})
            .status_code
        )

    for letter in "BCD":
        assert through_proxy("/q/" + letter * 26, WRONG, "203.0.113.1") == 403
    assert through_proxy(f"/q/{exam.qr}", {"factor": exam.factor}, "203.0.113.2") == expected
    if hops == "1":  # what the caller wrote in front of the proxy's own word changes nothing
        assert through_proxy(f"/q/{exam.qr}", WRONG, "203.0.113.1") == 429


def test_all_who_are_unknown_are_counted_as_one_and_never_as_shared(tmp_path: Path) -> None:
    """Though the whole world, and the proxy's own machine, is said to be shared."""
    everybody = {"shared_addresses": "0.0.0.0/0,::/0", "trusted_proxies": "1"}
    house = services(tmp_path, address_failures_per_hour="3", **everybody)
    app, exam = application(house), issued(house)

    def ask(address: str, form: dict[str, str], **headers: str) -> int:
        return app.test_client().post(address, data=form, headers=headers).status_code

    for letter, forged in zip("BCD", ('"', "unknown", '"127.0.0.1"'), strict=True):
        assert ask("/q/" + letter * 26, WRONG, **{"X-Forwarded-For": forged}) == 403
    assert ask(f"/q/{exam.qr}", WRONG) == 429
    assert ask(f"/q/{exam.qr}", WRONG, **{"X-Forwarded-For": "_hidden"}) == 429
    for _ in range(4):  # who is known is of a shared network here
        assert ask("/q/" + "E" * 26, WRONG, **{"X-Forwarded-For": "203.0.113.1"}) == 403
    assert ask(f"/q/{exam.qr}", {"factor": exam.factor}, **{"X-Forwarded-For": "203.0.113.1"}) == 303


def test_a_proxys_own_address_is_counted_though_it_is_said_to_be_shared(tmp_path: Path) -> None:
    shared = {"shared_addresses": "127.0.0.0/8", "trusted_proxies": "1"}
    house = services(tmp_path, address_failures_per_hour="3", **shared)
    app, exam = application(house), issued(house)
    through = {"X-Forwarded-For": "127.0.0.1"}
    for letter in "BCD":
        assert app.test_client().post("/q/" + letter * 26, data=WRONG, headers=through).status_code == 403
    assert app.test_client().post(f"/q/{exam.qr}", data=WRONG, headers=through).status_code == 429


def test_networks_that_many_patients_share_are_never_counted(tmp_path: Path) -> None:
    house = services(tmp_path, address_failures_per_hour="3", shared_addresses="198.51.100.0/24")
    app, exam = application(house), issued(house)
    for letter in "BCDEFG":
        assert statuses(app, "/q/" + letter * 26, WRONG, 1, "198.51.100.7") == [403]
    assert statuses(app, f"/q/{exam.qr}", {"factor": exam.factor}, 1, "198.51.100.7") == [303]


def test_an_exhausted_address_fills_no_table(tmp_path: Path) -> None:
    house = services(tmp_path, address_failures_per_hour="3")
    app = application(house)
    for number in range(20):
        post(app, f"/q/{number:026d}", WRONG)
    with house.db.read() as session:
        counted = select(func.count()).select_from(AccessAttempts).where(AccessAttempts.scope == "code")
        assert session.scalar(counted) == 3

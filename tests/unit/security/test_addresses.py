"""One address however it is written, and the network that is counted as one visitor."""

from __future__ import annotations

import pytest

from app.security.addresses import Group, address_of, is_of, network_of


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("::FFFF:a01:203", "10.1.2.3"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:db8:0:0::1", "2001:db8::1"),
    ],
)
def test_an_address_is_the_same_however_it_is_written(written: str, meant: str) -> None:
    assert str(address_of(written)) == meant


@pytest.mark.parametrize("written", ["", "unknown", "10.1.2", "10.1.2.3.4", "%eth0", "10.1.2.3%eth0", "fe80::1%"])
def test_what_is_no_address_is_an_error(written: str) -> None:
    with pytest.raises(ValueError):
        address_of(written)


def test_an_address_is_of_the_networks_of_its_own_kind() -> None:
    networks = ("10.1.0.0/16", "2001:db8::/32")
    assert is_of(address_of("::ffff:10.1.2.3"), networks)
    assert is_of(address_of("2001:db8::1"), networks)
    assert not is_of(address_of("10.2.0.1"), networks)
    assert not is_of(address_of("2001:db9::1"), networks)
    assert not is_of(address_of("10.1.2.3"), ())


@pytest.mark.parametrize(
    ("address", "network"), [("203.0.113.9", "203.0.113.9/32"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64")]
)
def test_one_visitor_has_one_ipv4_address_or_a_64_of_ipv6(address: str, network: str) -> None:
    assert str(network_of(address_of(address))) == network


def test_a_group_holds_neither_whom_it_excludes_nor_what_is_no_address() -> None:
    staff = Group(("10.0.0.0/8", "127.0.0.0/8"), never=("127.0.0.0/8", "10.0.0.2/32"))
    assert staff.holds("10.1.2.3")
    assert staff.holds("::ffff:10.1.2.3")
    for other in ("127.0.0.1", "10.0.0.2", "::ffff:10.0.0.2", "203.0.113.1", "", "unknown", "unix:"):
        assert not staff.holds(other)

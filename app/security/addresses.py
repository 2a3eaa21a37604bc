"""Network addresses as sockets and proxies write them. Whom an address lets in is its caller's decision."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def address_of(text: str) -> Address:
    """Without its zone. A dual-stack socket writes IPv4 as IPv4-mapped IPv6: that is the IPv4 address.

    Raises ValueError.
    """
    address = ip_address(text.partition("%")[0])
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def is_of(address: Address, networks: Iterable[str]) -> bool:
    return any(address in ip_network(network) for network in networks)


def network_of(address: Address) -> Network:
    """What one customer of a provider has: an IPv4 address, a /64 of IPv6."""
    return ip_network((address, 64 if address.version == 6 else 32), strict=False)

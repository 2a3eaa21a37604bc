"""Reads network addresses as sockets and proxies write them. Callers decide what an address may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_network = lru_cache(ip_network)  # the settings hold a few networks, and each request asks for them


class UnknownAddress(ValueError):
    """No trusted proxy names the client. The message is a fixed phrase that quotes nothing of the request."""


@dataclass(frozen=True)
class Group:
    """The addresses in one of `networks` and in none of `never`."""

    networks: tuple[str, ...]
    never: tuple[str, ...] = ()

    def holds(self, text: str) -> bool:
        """Whether the address is in the group. A text that is no address is in no group."""
        try:
            address = address_of(text)
        except ValueError:
            return False
        return is_of(address, self.networks) and not is_of(address, self.never)


def address_of(text: str) -> Address:
    """The address without its zone. An IPv4-mapped IPv6 address (of a dual-stack socket) becomes the IPv4 address.

    Raises ValueError.
    """
    address = ip_address(text)
    return address if isinstance(address, IPv4Address) else address.ipv4_mapped or IPv6Address(int(address))


def forwarded_address(header: str | None, proxies: int) -> Address:
    """The client's address: the X-Forwarded-For entry that our outermost proxy wrote, the `proxies`-th from the right.

    Commas separate the entries: quotes do not join entries, and an empty entry counts. The entry must be an address
    without a port and without a zone. A name ("unknown", RFC 7239) is no address. Raises UnknownAddress.
    """
    if header is None:
        raise UnknownAddress("X-Forwarded-For is missing")
    entries = header.rsplit(",", proxies)
    if len(entries) < proxies:
        raise UnknownAddress("X-Forwarded-For has fewer entries than there are trusted proxies")
    entry = entries[-proxies].strip(" \t")
    try:
        if "%" not in entry:  # a zone has a meaning only on the machine that wrote it
            return address_of(entry)
    except ValueError:
        pass
    raise UnknownAddress("the entry of X-Forwarded-For that counts is not an address")


def is_of(address: Address, networks: Iterable[str]) -> bool:
    return any(address in _network(network) for network in networks)


def network_of(address: Address) -> Network:
    """The network that one customer of a provider has: one IPv4 address, or a /64 of IPv6."""
    return ip_network((address, 64 if address.version == 6 else 32), strict=False)

"""What a phone is told of a browser elsewhere: which kind of device it says it is, and roughly from which network.

Pure. It helps to recognise a strange PC and proves nothing: a browser may say anything.
"""

from __future__ import annotations

from ipaddress import IPv4Address

from app.models.states import DeviceKind
from app.security.addresses import address_of

_SIGNS: tuple[tuple[str, DeviceKind], ...] = (
    ("android", DeviceKind.ANDROID),
    ("harmony", DeviceKind.ANDROID),
    ("iphone", DeviceKind.IOS),
    ("ipad", DeviceKind.IOS),
    ("windows", DeviceKind.WINDOWS),
    ("macintosh", DeviceKind.MAC),
    ("linux", DeviceKind.LINUX),
)
"""In this order: Android's browsers name Linux too."""


def device_of(user_agent: str) -> DeviceKind:
    told = user_agent[:512].lower()
    return next((kind for sign, kind in _SIGNS if sign in told), DeviceKind.OTHER)


def masked_address(text: str) -> str:
    """The first half of an IPv4 address, or the first two groups of an IPv6 address; empty for anything else."""
    try:
        address = address_of(text)
    except ValueError:
        return ""
    if isinstance(address, IPv4Address):
        return ".".join([*str(address).split(".")[:2], "*", "*"])
    return ":".join(address.exploded.split(":")[:2]) + ":*"

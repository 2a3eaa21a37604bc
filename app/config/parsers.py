"""How the text of a variable becomes the value of a setting. Each parser raises ValueError that says what is wanted."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from urllib.parse import urlsplit


def integer(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(f"must be from {low} to {high}")
        return value

    return parse


def choice(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError("must be one of " + ", ".join(allowed))
        return text

    return parse


def yes(text: str) -> bool:
    """As obstore reads it."""
    return text.lower() in ("1", "true", "on", "yes", "y")


def words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def networks(text: str) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_network(word)) for word in words(text))


def regions(text: str) -> tuple[str, ...]:
    regions = words(text.upper())
    if not regions or not all(len(region) == 2 and region.isalpha() for region in regions):
        raise ValueError("must be regions of two letters, like CN,HK")
    return regions


def hours(text: str) -> tuple[int, int]:
    opens, _, closes = text.partition("-")
    if not (opens.isdecimal() and closes.isdecimal() and 0 <= int(opens) < int(closes) <= 24):
        raise ValueError("must be from-to, like 8-21, or 0-24 for always")
    return int(opens), int(closes)


def notice_fields(text: str) -> tuple[str, ...]:
    pairs = [word.partition("=") for word in words(text)]
    keys = {key for _, _, key in pairs}
    if sorted(name for name, _, _ in pairs) != ["exam", "state", "time"] or len(keys) < len(pairs):
        raise ValueError("must be exam=key,time=key,state=key with three keys, like thing1")
    if not all(re.fullmatch(r"[a-z_]+[0-9]+", key) for key in keys):
        raise ValueError("must have keys of a type and a number, like thing1")
    return words(text)


def url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ValueError("must be http(s)://host[:port][/path]")
    return text.rstrip("/")


def origins(text: str) -> tuple[str, ...]:
    for word in words(text):
        parts = urlsplit(word)
        if parts.scheme not in ("http", "https") or not parts.netloc or word != f"{parts.scheme}://{parts.netloc}":
            raise ValueError("must be origins like https://viewer.example.org")
    return words(text)


def url_or_none(text: str) -> str:
    return url(text) if text else ""

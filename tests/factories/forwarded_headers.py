"""X-Forwarded-For as a client may write it: everything a list parser has ever been led astray by, from a seed.

`client_of` says by itself who it tells of: the judge of a test must not be what it judges.
"""

from __future__ import annotations

import random
import re
from ipaddress import ip_address

COUNT = 600
OPEN_QUOTE = '"'
_PLAIN = ["203.0.113.7", "198.51.100.200", "10.1.2.3", "127.0.0.1", "192.168.1.9", "2001:db8::7", "::1", "fd00::2"]
_ODD = [
    "",
    " ",
    "\t",
    OPEN_QUOTE,
    '""',
    '"127.0.0.1',
    '127.0.0.1"',
    '"127.0.0.1"',
    '"1.1.1.1, 2.2.2.2"',
    '\\"',
    "'",
    ";",
    "unknown",
    "_hidden",
    "_SEVKISEK",
    "for=127.0.0.1",
    'for="[::1]:80";proto=https',
    "by=10.0.0.1",
    "localhost",
    "-",
    "127.0.0.1:80",
    "[::1]",
    "[::1]:443",
    "[2001:db8::7]:443",
    "::ffff:127.0.0.1",
    "::ffff:10.1.2.3",
    "::1%lo",
    "fe80::1%eth0",
    "127.0.0.1%lo",
    "127.1",
    "0x7f.0.0.1",
    "2130706433",
    "127.0.0.01",
    "0177.0.0.1",
    "256.1.1.1",
    "127.0.0.1/8",
    "127.0.0.1 10.0.0.1",
    "１２７.0.0.1",
    "١٢٧.0.0.1",
    "127。0。0。1",
    "小芳",
    "\xa0127.0.0.1",
    "\x85",
    "=?utf-8?q?127.0.0.1?=",
    "9" * 400,
    "1." * 500,
    ":" * 300,
    ",".join(["127.0.0.1"] * 60),
    "1.1.1.1,,",
    ",",
    ",,,",
]


def values(count: int = COUNT, seed: int = 20260302) -> list[str]:
    """As a server hands them over: one byte a character. The attack that was found comes first."""
    chance = random.Random(seed)
    made = [OPEN_QUOTE, "", *_PLAIN, *_ODD]
    while len(made) < count:
        entries = [chance.choice(chance.choice((_PLAIN, _ODD))) for _ in range(chance.randint(1, 4))]
        made.append(chance.choice((",", ", ", " ,\t")).join(entries))
    return [text.encode().decode("latin-1") for text in made]


def client_of(header: str, proxies: int) -> str:
    """The address that so many proxies vouch for, or nothing."""
    entries = header.split(",")[::-1]
    entry = entries[proxies - 1].strip(" \t") if len(entries) >= proxies else ""
    if not re.fullmatch(r"[0-9a-f:.]+", entry, re.ASCII):
        return ""
    try:
        return str(ip_address(entry.removeprefix("::ffff:") if "." in entry else entry))
    except ValueError:
        return ""

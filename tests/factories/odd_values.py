"""Values that nobody means: bytes, texts, headers and JSON that parsers stumble over. No request is made here."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

CONTROLS = (
    "\0",
    "a\0b",
    "\x01",
    "a\x08",
    "\x0b",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "a\r\nX-Injected: 1",
    "\t",
    "\n",
    "\u2028",
)
NUMBERS = (
    *("-1", "0", "00", "+1", "1 ", "1_0", "1.5", ".", "1e5", "1e400", "-0", "NaN", "Infinity", "0x10"),
    *("2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "1" + "0" * 40, "9" * 5000),
    *("٣", "²", "１２", "Ⅷ", "𝟙"),
)
ADDRESSES = (
    *("//[", "http://[", "http://[::1", "http://[v1.x]/", "http://[fe80::1%25en0]/", "https://h:99999/", "http://:80"),
    *(
        "//",
        "///x",
        "\\\\x",
        "..",
        "../..",
        ".",
        "%",
        "%%",
        "%zz",
        "file:///etc/passwd",
        "javascript:1",
        "::ffff:1.2.3.4%1",
    ),
)
DATES = (
    "00000000",
    "20260230",
    "20260101-",
    "-20260101",
    "-",
    "--",
    "2026-02-30",
    "0001-01-01",
    "9999-12-31",
    "24:00:60",
)
INSTANTS = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00+99:99", "2026-W01-1T00:00")
TEXTS = (
    *(
        "",
        " ",
        "a" * 300,
        "名" * 4000,
        "*",
        "*?*",
        "_%",
        "\\",
        "a\\b",
        "'",
        '"',
        "' OR 1=1--",
        "{{7*7}}",
        "<b>",
        "😀" * 40,
    ),
    *("\u202e\u2066", "\ufffe\uffff", "e" + "\u0301" * 200, "\ufdfa" * 60, "ß" * 32, "İ", "[", "]", "{}", "[]", "null"),
)
LONE_SURROGATES = ("\ud800", "a\udfff", "\udc80")
RAW = (b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\x80\x81", bytes(range(1, 32)))
TYPED = (*CONTROLS, *NUMBERS, *ADDRESSES, *DATES, *INSTANTS, *TEXTS)

WORST = (
    *(
        b"",
        b"\0",
        b"a\0b",
        b"\x1b[31m",
        b"\x7f",
        b"\xff",
        b"\xed\xa0\x80",
        b"//[",
        b"http://[::1",
        b"%",
        b"..",
        b"-1",
        b"1e400",
    ),
    *(
        b"9223372036854775808",
        b"1" + b"0" * 40,
        b"9" * 5000,
        "²".encode(),
        b"00000000",
        b"20260230-",
        INSTANTS[0].encode(),
    ),
    *("\ufdfa".encode() * 60, b"a\r\nb", b"*?", b"\\"),
)
"""At least one of each kind."""

HEADERS = (
    *(
        "Accept",
        "Accept-Language",
        "Accept-Encoding",
        "Authorization",
        "Cache-Control",
        "Connection",
        "Content-Encoding",
    ),
    *("Content-Length", "Content-Type", "Cookie", "Expect", "Host", "If-Match", "If-Modified-Since", "If-None-Match"),
    *(
        "If-Range",
        "If-Unmodified-Since",
        "Origin",
        "Range",
        "Referer",
        "Sec-Fetch-Site",
        "Transfer-Encoding",
        "User-Agent",
    ),
    *("X-CloudFilm-Pass", "X-CSRFToken", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded"),
    *("X-HTTP-Method-Override", "Date", "Max-Forwards", "Upgrade", "Content-Range", "Content-Disposition"),
)
HEADER_VALUES = (
    *("bytes=", "bytes=-", "bytes=0-", "bytes=5-2", "bytes=-999999999999999999999", "bytes=a-b", "bytes=0-0,1-1,2-2"),
    *(
        "bytes=" + "0-0," * 400,
        "lines=1-2",
        "chunked",
        "gzip",
        "identity;q=a",
        "100-continue",
        "W/",
        '"',
        '"a',
        "*",
        "*/*",
    ),
    *(
        "null",
        "cross-site",
        "same-origin",
        "https://[",
        "Bearer",
        "Bearer ",
        "Bearer  x",
        "Basic Og==",
        "Basic %%%",
        "bearer \t",
    ),
    *(
        "Digest a=b",
        "Bearer " + "x" * 9000,
        "cf-patient=",
        "cf-staff=a.b.c",
        "cf-form=e30.e30.e30",
        "cf-form=.eJw.x.y",
        "=",
        ";;;",
    ),
    *(
        "cf-device=\\",
        'cf-patient="\\377\\"',
        "Thu, 99 Foo 2026 00:00:00 GMT",
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "-1",
        "9" * 30,
    ),
    *(
        "text/plain",
        "text/plain;q=1e9",
        "a/b;q=",
        ";",
        "/",
        "application/json; charset=x",
        "application/json;charset=utf-16",
    ),
    *("application/x-www-form-urlencoded; charset=nope", "multipart/form-data", "multipart/form-data; boundary="),
    *("multipart/form-data; boundary=\x01", 'multipart/form-data; boundary="' + "b" * 300 + '"', "multipart/related"),
    *(
        "multipart/related; type=application/dicom; boundary=",
        "multipart/related; boundary=b",
        "multipart/mixed; boundary=é",
    ),
    *("application/dicom", "image/*", "image/png;q=0", 'multipart/related; type="', "application/dicom+json, " * 300),
)


def text(random: Random) -> str:
    """A value of a form or a query, no lone surrogate."""
    return random.choice(TYPED)


def sent(random: Random, value: bytes = b"") -> bytes:
    """Bytes in place of `value`: something odd, or `value` with something odd in it."""
    odd = random.choice(RAW) if random.random() < 0.15 else text(random).encode()
    at = random.randint(0, len(value))
    return random.choice((odd, value[:at] + odd + value[at:], value[:at], value + odd, value * 2))


def header(random: Random, value: bytes = b"") -> bytes:
    """As `sent`, for a header: without the bytes that no server passes on (RFC 9112 5)."""
    changed = random.choice(HEADER_VALUES).encode() if random.random() < 0.6 else sent(random, value)
    return changed.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"").strip(b" \t")


def broken(random: Random, value: bytes) -> bytes:
    """A body with some of its bytes changed, cut off or doubled."""
    changed = bytearray(value)
    for _ in range(random.randint(1, 4)):
        at = random.randint(0, len(changed))
        kind = random.randrange(4)
        if kind == 0 and at < len(changed):
            changed[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            changed[at:at] = random.choice(RAW)
        elif kind == 2:
            del changed[at : at + random.randint(1, 40)]
        else:
            changed[at:at] = changed[: random.randint(0, 60)]
    return bytes(changed)


def document(random: Random, value: Any) -> bytes:
    """JSON like `value`, with one place of it changed; now and then with what is hardly JSON."""
    changed = _anywhere(value, random, lambda _: _json_value(random))
    written = json.dumps(changed, ensure_ascii=random.random() < 0.8).encode("utf-8", "surrogatepass")
    return written if random.random() < 0.9 else random.choice(NO_DOCUMENTS)


NO_DOCUMENTS = (
    *(
        b"",
        b"nul",
        b"{",
        b"[" * 100_000,
        b'{"a":' * 30_000,
        b"9" * 6000,
        b'"\\ud800"',
        b"\xff\xfe{\0}\0",
        b"\xef\xbb\xbf{}",
    ),
    *(b'{"patient":1,"patient":2}', b"NaN", b"[1e999]", b'{"\\u0000":1}', b"{}{}", b"\0"),
)


def _json_value(random: Random) -> Any:
    plain: tuple[Any, ...] = (None, True, 0, -1, 1.5, 2**63, 10**30, 1e308, [], {}, [[]], {"": ""}, [None] * 300)
    kind = random.random()
    return random.choice(plain if kind < 0.4 else LONE_SURROGATES if kind < 0.55 else TYPED)


def _anywhere(value: Any, random: Random, change: Callable[[Any], Any]) -> Any:
    """`value` with one of its places, keys too, changed; it is copied where that is needed."""
    if isinstance(value, dict) and value and random.random() < 0.9:
        key = random.choice(list(value))
        if random.random() < 0.15:
            return {**value, str(change(key)): value[key]}
        return {**value, key: _anywhere(value[key], random, change)}
    if isinstance(value, list) and value and random.random() < 0.9:
        at = random.randrange(len(value))
        return [*value[:at], _anywhere(value[at], random, change), *value[at + 1 :]]
    return change(value)

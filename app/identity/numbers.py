"""Numbers of people: mainland mobile numbers, resident ID numbers, numbers of other documents. Pure.

The services decide who may give a number, and what happens to an unusable number.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Any

_RESIDENT_ID = re.compile(r"[0-9]{17}[0-9X]\Z")
_FIRST_GENERATION = re.compile(r"[0-9]{15}\Z")
_OTHER_ID = re.compile(r"(?=(.*[A-Z0-9]){4})[A-Z0-9()/-]{4,24}\Z")
_PHONE = re.compile(r"(?:(?:\+|00)?860?|0)?(1[3-9][0-9]{9})\Z")
_BEFORE_A_PHONE = re.compile(r"(?:TEL|MOBILE|PHONE|手机号?|电话)[.:]?", re.IGNORECASE)
_BETWEEN_DIGITS = re.compile(r"[\s().·]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


def phone_number(value: Any) -> str:
    """A mainland mobile number as +86…, as people write it: with the country code, a leading 0, brackets, dots, spaces
    and hyphens of any kind, `tel:` before it, full-width digits. Raises ValueError, also for two numbers in one."""
    if not isinstance(value, str):
        raise ValueError("must be a text")
    text = _BEFORE_A_PHONE.sub("", _without_hidden(unicodedata.normalize("NFKC", value)).strip(), count=1)
    digits = "".join(letter for letter in _BETWEEN_DIGITS.sub("", text) if unicodedata.category(letter) != "Pd")
    found = _PHONE.match(digits)
    if found is None:
        raise ValueError("must be a mainland mobile number")
    return "+86" + found[1]


def document_number(value: Any) -> str:
    """A resident ID number of 18 characters with its check digit, or another document's number. One of the first
    generation, of 15 digits, is given as the 18 of the card that replaced it. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("must be a text")
    text = re.sub(r"\s", "", _without_hidden(unicodedata.normalize("NFKC", value))).upper()
    if _RESIDENT_ID.match(text):
        if text[17] != check_digit(text[:17]):
            raise ValueError("has a wrong check digit")
    elif not _OTHER_ID.match(text):
        raise ValueError("must be a document number")
    return number_of_today(text)


def number_of_today(number: str) -> str:
    """For a first-generation resident ID number (15 digits, a two-digit year of the 1900s, no check digit) the number
    of today's card, which has the century and the check digit (GB 11643-1999); any other number as it is."""
    if not _FIRST_GENERATION.match(number):
        return number
    body = number[:6] + "19" + number[6:]
    try:
        date(int(body[6:10]), int(body[10:12]), int(body[12:14]))
    except ValueError:
        return number  # 15 digits of another document
    return body + check_digit(body)


def check_digit(body: str) -> str:
    """The last character (a digit or X) of a resident ID number, computed from the 17 digits before it.

    GB 11643-1999, MOD 11-2 of ISO 7064. Raises ValueError unless `body` has 17 digits.
    """
    weighted = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return _CHECK_DIGITS[weighted % 11]


def _without_hidden(text: str) -> str:
    """Without format characters, which come along when a number is copied from an address book."""
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cf")

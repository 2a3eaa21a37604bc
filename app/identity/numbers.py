"""Numbers of people: mainland mobile numbers, resident ID numbers, numbers of other documents. Pure.

The services decide who may give a number, and what happens to an unusable number.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_RESIDENT_ID = re.compile(r"[0-9]{17}[0-9X]\Z")
_OTHER_ID = re.compile(r"(?=(.*[A-Z0-9]){4})[A-Z0-9()/-]{4,24}\Z")
_PHONE = re.compile(r"1[3-9][0-9]{9}\Z")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


def phone_number(value: Any) -> str:
    """A mainland mobile number as +86…; spaces, hyphens and full-width digits are allowed. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("must be a text")
    digits = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", value))
    digits = re.sub(r"^(\+86|0086|86(?=1\d{10}$))", "", digits)
    if not _PHONE.match(digits):
        raise ValueError("must be a mainland mobile number")
    return "+86" + digits


def document_number(value: Any) -> str:
    """A resident ID number with its check digit, or another document's number. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("must be a text")
    text = unicodedata.normalize("NFKC", value).strip().upper()
    if _RESIDENT_ID.match(text):
        if text[17] != check_digit(text[:17]):
            raise ValueError("has a wrong check digit")
    elif not _OTHER_ID.match(text):
        raise ValueError("must be a document number")
    return text


def check_digit(body: str) -> str:
    """The last character (a digit or X) of a resident ID number, computed from the 17 digits before it.

    GB 11643-1999, MOD 11-2 of ISO 7064. Raises ValueError unless `body` has 17 digits.
    """
    weighted = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return _CHECK_DIGITS[weighted % 11]

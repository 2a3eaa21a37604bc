"""Numbers of people: mobile numbers, resident ID numbers, numbers of other documents. Pure.

The services decide who may give a number, and what happens to an unusable number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Any

import phonenumbers

MAINLAND, MAINLAND_CODE = "CN", 86
SUPPORTED_REGIONS = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""All that the library knows."""

_RESIDENT_ID = re.compile(r"[0-9]{17}[0-9X]\Z")
_OTHER_ID = re.compile(r"(?=(.*[A-Z0-9]){4})[A-Z0-9()/-]{4,24}\Z")
_TYPED = re.compile(r"\+?[0-9\s()-]{5,32}\Z", re.ASCII)
_MAINLAND_MOBILE = re.compile(r"1[3-9][0-9]{9}\Z")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


def phone_number(value: Any, regions: Collection[str] = (MAINLAND,)) -> str:
    """A mobile number as E.164 (ITU-T), of one of these regions (ISO 3166-1 alpha-2, e.g. CN HK MO TW). Without country
    code it is of the mainland; spaces, hyphens and full-width digits are allowed. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("must be a text")
    typed = unicodedata.normalize("NFKC", value).strip()
    try:
        number = phonenumbers.parse(typed, MAINLAND) if _TYPED.match(typed) else None
    except phonenumbers.NumberParseException:
        number = None
    if number is None or _region(number) not in regions:
        raise ValueError("must be a mobile number of a region that is taken")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _region(number: phonenumbers.PhoneNumber) -> str | None:
    """The region of a mobile number, None for any other number. The mainland opens new blocks faster than the library
    learns of them, so there the shape alone is asked for."""
    if number.country_code == MAINLAND_CODE:
        return MAINLAND if _MAINLAND_MOBILE.match(str(number.national_number)) else None
    mobile = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    is_mobile = phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in mobile
    return phonenumbers.region_code_for_number(number) if is_mobile else None


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

"""Numbers of people: mobile numbers, resident ID numbers, numbers of other documents. Pure.

The services decide who may give a number, and what happens to an unusable number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from datetime import date
from typing import Any

import phonenumbers

MAINLAND, MAINLAND_CODE = "CN", 86
SUPPORTED_REGIONS = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""All that the library knows."""

_RESIDENT_ID = re.compile(r"[0-9]{17}[0-9X]\Z")
_FIRST_GENERATION = re.compile(r"[0-9]{15}\Z")
_IN_GROUPS = re.compile(r"([0-9]{6})-([0-9]{8})-([0-9]{3}[0-9X])\Z")
_LIKE_AN_X = str.maketrans("×Х*", "XXX")
"""The sign of multiplication, the letter of Cyrillic, and what stands for it on a phone's keys."""
_OTHER_ID = re.compile(r"(?=(.*[A-Z0-9]){4})[A-Z0-9()/-]{4,24}\Z")
_PHONE = re.compile(r"(?:(?:\+|00)?860?|0)?(1[3-9][0-9]{9})\Z")
_BEFORE_A_PHONE = re.compile(
    r"'|(?:TEL|MOB(?:ILE)?|CELL|PHONE|(?:本人|联系|移动|家庭)?(?:手机|电话)(?:号码?)?|本人)[.:]?", re.IGNORECASE
)
"""A spreadsheet writes an apostrophe before a number that is a text."""
_AFTER_A_PHONE = re.compile(r"\((?:本人|手机)\)\Z|(?<=[0-9]{11})\.0\Z")
"""A spreadsheet writes .0 behind one that is not."""
_AFTER_A_LOCAL_PHONE = re.compile(r";phone-context=\+86\Z", re.IGNORECASE)
"""RFC 3966, 5.1.5."""
_BETWEEN_DIGITS = re.compile(r"[\s()./_·]")
_DIALLED_ABROAD = re.compile(r"(?:\+|00)[1-9][0-9]{4,15}\Z")
_LONGEST = 256
"""Of what is typed or sent, with all the spaces and hidden characters that come along."""
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


def phone_number(value: Any, regions: Collection[str] = (MAINLAND,)) -> str:
    """A mobile number as E.164 (ITU-T), of one of these regions (ISO 3166-1 alpha-2, e.g. CN HK MO TW). One of the
    mainland is taken as people write it: with or without the country code, with a leading 0, `tel:` before it. Spaces,
    brackets, dots, hyphens of any kind and full-width digits are allowed in all. Raises ValueError, also for two
    numbers in one text."""
    _check_text(value)
    text = _BEFORE_A_PHONE.sub("", _without_hidden(unicodedata.normalize("NFKC", value)).strip(), count=1)
    text = _AFTER_A_PHONE.sub("", _AFTER_A_LOCAL_PHONE.sub("", text))
    digits = "".join(letter for letter in _BETWEEN_DIGITS.sub("", text) if unicodedata.category(letter) != "Pd")
    mainland = _PHONE.match(digits)
    region, number = (MAINLAND, f"+{MAINLAND_CODE}{mainland[1]}") if mainland else _abroad(digits)
    if region not in regions:
        raise ValueError("must be a mobile number of a region that is taken")
    return number


def _abroad(digits: str) -> tuple[str | None, str]:
    """Region and E.164 form of a mobile number that is not of the mainland; no region for any other text. The mainland
    opens new blocks faster than the library learns of them, so it is not asked there."""
    try:
        number = phonenumbers.parse(digits, MAINLAND) if _DIALLED_ABROAD.match(digits) else None
    except phonenumbers.NumberParseException:
        number = None
    if number is None or number.country_code == MAINLAND_CODE or not phonenumbers.is_valid_number(number):
        return None, ""
    mobile = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    region = phonenumbers.region_code_for_number(number) if phonenumbers.number_type(number) in mobile else None
    return region, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def document_number(value: Any) -> str:
    """A resident ID number of 18 characters with its check digit, or another document's number. One of the first
    generation, of 15 digits, is given as the 18 of the card that replaced it. Raises ValueError."""
    _check_text(value)
    text = re.sub(r"\s", "", _without_hidden(unicodedata.normalize("NFKC", value))).upper()
    text = _IN_GROUPS.sub(r"\1\2\3", text.translate(_LIKE_AN_X))
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


def _check_text(value: Any) -> None:
    """Before it is normalised: one letter may become eighteen."""
    if not isinstance(value, str):
        raise ValueError("must be a text")
    if len(value) > _LONGEST:
        raise ValueError("is too long")


def _without_hidden(text: str) -> str:
    """Without format characters, which come along when a number is copied from an address book."""
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cf")

"""Phone numbers: the normal form, and a masked form for people who must not see the number. No sending."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

from sms.errors import InvalidPhone

MAINLAND = "+86"
_TYPED = re.compile(r"\+?[0-9\s()-]{5,32}", re.ASCII)
_MOBILE = re.compile(r"\+861[3-9][0-9]{9}")


def normalise(raw: str) -> str:
    """The number as E.164 (ITU-T); without country code it is of the mainland. Raises InvalidPhone.

    What is of the mainland must be a mobile number, what is foreign a valid number.
    """
    typed = unicodedata.normalize("NFKC", raw).strip()
    try:
        number = phonenumbers.parse(typed, "CN") if _TYPED.fullmatch(typed) else None
    except phonenumbers.NumberParseException:
        number = None
    if number is None:
        raise InvalidPhone
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not (_MOBILE.fullmatch(e164) if is_mainland(e164) else phonenumbers.is_valid_number(number)):
        raise InvalidPhone
    return e164


def is_mainland(phone: str) -> bool:
    """Of an E.164 number: carriers want other texts for foreign ones."""
    return phone.startswith(MAINLAND)


def parts(phone: str) -> tuple[str, str]:
    """Country code and national number of an E.164 number, both digits only."""
    number = phonenumbers.parse(phone)
    return str(number.country_code), phonenumbers.national_significant_number(number)


def mask(phone: str) -> str:
    """The number as `139****0001`, which its owner recognises."""
    digits = phone.removeprefix(MAINLAND)
    return f"{digits[:3]}****{digits[-4:]}"

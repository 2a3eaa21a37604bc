"""Reads the JSON bodies of the RIS into the input of services/exams: types, patterns, limits. An error names all faults
at once and quotes no value.

A phone or ID number that cannot be used does not stop the exam: the number is left out, and the answer says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from app.clock import CHINA
from app.errors import InvalidInput
from app.identity.matching import PatientField
from app.identity.numbers import MAINLAND, document_number, phone_number
from app.services.exams.input import REPORT_STATUSES, SEXES, ExamInput, PatientInput, ReportInput

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


_YEARS = range(1880, 2101)


def exam_input(body: Any, phone_regions: Collection[str] = (MAINLAND,)) -> ExamInput:
    """`phone_regions`: whose phone numbers are taken. Raises InvalidInput naming every faulty field."""
    reader = _Reader(body)
    patient = _Reader(reader.take("patient", _mapping), "patient.", reader.faults)
    unusable: dict[str, str] = {}
    phone = partial(phone_number, regions=phone_regions)
    read = PatientInput(
        patient_id=patient.take("patient_id", _text(64)),
        name=patient.take("name", _name),
        phone=patient.take("phone", _if_usable(PatientField.PHONE, phone, unusable), optional=True),
        id_number=patient.take(
            "id_number", _if_usable(PatientField.ID_NUMBER, document_number, unusable), optional=True
        ),
        birth_date=patient.take("birth_date", _date),
        sex=patient.take("sex", _one_of(*SEXES)),
    )
    result = ExamInput(
        patient=read,
        modality=reader.take("modality", _text(16)),
        body_part=reader.take("body_part", _text(64, empty=True), optional=True) or "",
        department=reader.take("department", _text(64, empty=True), optional=True) or "",
        performed_at=reader.take("performed_at", instant),
        unusable=unusable,
    )
    patient.finish()
    reader.finish()
    if (
        read.birth_date
        and result.performed_at
        and read.birth_date > f"{result.performed_at.astimezone(CHINA):%Y-%m-%d}"
    ):
        reader.faults.append("patient.birth_date is after performed_at")
    reader.raise_faults()
    return result


def report_input(body: Any) -> ReportInput:
    """Raises InvalidInput naming every faulty field."""
    reader = _Reader(body)
    result = ReportInput(
        status=reader.take("status", _one_of(*REPORT_STATUSES)),
        findings=reader.take("findings", _text(20_000, empty=True, lines=True)),
        impression=reader.take("impression", _text(20_000, empty=True, lines=True)),
        reporting_doctor=reader.take("reporting_doctor", _text(64, empty=True), optional=True) or "",
        reviewing_doctor=reader.take("reviewing_doctor", _text(64, empty=True), optional=True) or "",
        reported_at=reader.take("reported_at", instant),
    )
    reader.finish()
    reader.raise_faults()
    return result


class _Reader:
    """Takes fields out of a JSON object and collects what is wrong with them."""

    def __init__(self, body: Any, prefix: str = "", faults: list[str] | None = None) -> None:
        self.faults = [] if faults is None else faults
        self._prefix = prefix
        self._left: dict[str, Any] = dict(body) if isinstance(body, Mapping) else {}
        if not isinstance(body, Mapping):
            self.faults.append(f"{prefix or 'body'} must be an object")

    def take(self, name: str, parse: Callable[[Any], Any], *, optional: bool = False) -> Any:
        value = self._left.pop(name, None)
        if value is None or (optional and value == ""):
            if not optional:
                self.faults.append(f"{self._prefix}{name} is missing")
            return None
        try:
            return parse(value)
        except (ValueError, TypeError) as fault:
            self.faults.append(f"{self._prefix}{name} {fault}")
            return None

    def finish(self) -> None:
        self.faults += [f"{self._prefix}{name[:40]} is not a field" for name in self._left if name.isidentifier()]
        if any(not name.isidentifier() for name in self._left):
            self.faults.append(f"{self._prefix}has fields that are not known")

    def raise_faults(self) -> None:
        if self.faults:
            raise InvalidInput("body", "; ".join(self.faults))


def _if_usable(
    name: PatientField, parse: Callable[[Any], str], unusable: dict[str, str]
) -> Callable[[Any], str | None]:
    """Takes any text. A text that breaks the rule of `parse` is left out and noted."""

    def usable(value: Any) -> str | None:
        if not isinstance(value, str):
            raise ValueError("must be a text")
        try:
            return parse(value)
        except ValueError as fault:
            unusable[name] = str(fault)
            return None

    return usable


def _mapping(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError("must be an object")
    return value


def _text(limit: int, *, empty: bool = False, lines: bool = False) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("must be a text")
        allowed = "\n\t\r" if lines else ""
        if any(unicodedata.category(letter) in ("Cc", "Cs") and letter not in allowed for letter in value):
            raise ValueError("must not hold control characters")
        text = _visible(unicodedata.normalize("NFC", value)).strip()
        if len(text) > limit or not (text or empty):
            raise ValueError(f"must have {0 if empty else 1} to {limit} characters")
        return text

    return parse


def _visible(text: str) -> str:
    """`text` without format characters (Cf): they are invisible, reorder visible text, and make equal names differ."""
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cf")


def _name(value: Any) -> str:
    text = _text(64)(value)
    if not any(letter.isalnum() for letter in text):
        raise ValueError("must hold a letter")
    return text


def _one_of(*allowed: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in allowed:
            raise ValueError("must be one of " + ", ".join(allowed))
        return str(value)

    return parse


def _date(value: Any) -> str:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and _DATE.match(value) else None
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS:
        raise ValueError("must be a date YYYY-MM-DD")
    return day.isoformat()


def instant(value: Any) -> datetime:
    """ISO 8601; without a zone it is China's time. Returns aware UTC. Raises ValueError."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else None
    except ValueError:
        at = None
    if at is None or at.year not in _YEARS:
        raise ValueError("must be a time in ISO 8601")
    return (at if at.tzinfo else at.replace(tzinfo=CHINA)).astimezone(UTC)

"""Reads the JSON bodies of the RIS into the input of services/exams: types, patterns, limits. An error names all faults
at once and quotes no value.

A phone or ID number that cannot be used does not stop the exam: the number is left out, and the answer says so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from app.clock import CHINA
from app.errors import InvalidInput
from app.identity.matching import PatientField
from app.identity.numbers import MAINLAND, document_number, phone_number
from app.services.exams.input import REPORT_STATUSES, SEXES, ExamInput, PatientInput, ReportInput
from app.web.machine.ris.times import day, instant
from app.web.sent_text import is_usable

LINE, SPACE = "\n", " "
_CONTROLS = re.compile("(?<!\r)\r*\n\r*|\n\r*|[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
"""Line ends as systems write them, and control characters but the tab: word processors and HL7 gateways leave them in
reports, where they part lines. A report is never refused for them. A run of CR is looked through from its begin alone:
from each of its letters it would take the square of its length."""


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
        birth_date=patient.take("birth_date", day),
        sex=patient.take("sex", _one_of(*SEXES)),
    )
    result = ExamInput(
        patient=read,
        modality=reader.take("modality", _text(16)),
        body_part=reader.take("body_part", _text(64, empty=True, controls=SPACE), optional=True) or "",
        department=reader.take("department", _text(64, empty=True, controls=SPACE), optional=True) or "",
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
        findings=reader.take("findings", _text(20_000, empty=True, controls=LINE)),
        impression=reader.take("impression", _text(20_000, empty=True, controls=LINE)),
        reporting_doctor=reader.take("reporting_doctor", _text(64, empty=True, controls=SPACE), optional=True) or "",
        reviewing_doctor=reader.take("reviewing_doctor", _text(64, empty=True, controls=SPACE), optional=True) or "",
        reported_at=reader.take("reported_at", instant),
        critical=reader.take("critical", _truth, optional=True) or False,
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


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _text(limit: int, *, empty: bool = False, controls: str | None = None) -> Callable[[Any], str]:
    """`controls`: what stands for a line end and for every other control character; without it they are refused."""

    def parse(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("must be a text")
        told = unicodedata.normalize("NFC", value if controls is None else _CONTROLS.sub(controls, value))
        if not is_usable(told, "" if controls is None else "\n\t"):
            raise ValueError("must not hold control characters")
        text = _visible(told).strip()
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

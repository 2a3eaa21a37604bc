"""What a carrier says of the texts registered with it, and which of ours are not as they must be. Knows no carrier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sms.phone import is_mainland
from sms.templates import TEMPLATES

FOREIGN = "@foreign"
"""Behind the name of a template: its text for foreign numbers, which carriers register apart."""


class Review(StrEnum):
    APPROVED = "approved"
    NOT_IN_FORCE = "approved, not in force yet"
    IN_REVIEW = "in review"
    REFUSED = "refused"
    OTHER = "in a state that is not known here"


@dataclass(frozen=True)
class RegisteredTemplate:
    """`body`: as the carrier has it; `reply`: of its reviewer."""

    template_id: str
    body: str
    review: Review
    reply: str
    submitted_at: datetime | None


class TemplateRegistry(Protocol):
    def registered(self) -> Mapping[str, RegisteredTemplate]:
        """By our template's name, those of ours that the carrier has. Raises SendingError."""


def registered_name(template: str, phone: str) -> str:
    """The name under which the id of a template is told in the settings, for an E.164 number."""
    return template if is_mainland(phone) else template + FOREIGN


@dataclass(frozen=True)
class Finding:
    text: str
    is_fault: bool


def findings(names: Sequence[str], registered: Mapping[str, RegisteredTemplate]) -> list[Finding]:
    """One for each of these templates: missing, not approved, worded otherwise, or approved since when."""
    return [_finding(name, registered.get(name)) for name in names]


def _finding(name: str, found: RegisteredTemplate | None) -> Finding:
    if found is None:
        return Finding(f"{name}: missing, the carrier has no text of its id", is_fault=True)
    since = f", submitted {found.submitted_at:%Y-%m-%d}" if found.submitted_at else ""
    said = f"{name} ({found.template_id}): {found.review}{since}"
    if found.review != Review.APPROVED:
        return Finding(said + (f", the reviewer says: {found.reply}" if found.reply else ""), is_fault=True)
    if _compact(found.body) != _compact(TEMPLATES[name].body):
        return Finding(f"{said}, but worded otherwise: {found.body}", is_fault=True)
    return Finding(said, is_fault=False)


def _compact(body: str) -> str:
    """Consoles add blanks at the ends."""
    return body.strip()

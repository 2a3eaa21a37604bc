"""Reads the reason of any audit event, old or new. Old rows keep their old form, because rows are never rewritten.

In an old event `reason` is an English sentence, of ours or typed by staff. In a new event it is a code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.models.states import HoldReason
from app.services.audit.reasons import LeftOutReason, LiftReason, RevokeReason

_CODES = frozenset({*HoldReason, *LiftReason, *RevokeReason, *LeftOutReason})
_FORMER = {
    "a study of its accession number names another patient": HoldReason.CONTRADICTED,
    "its report was written for another patient ID": HoldReason.REPORT_OF_ANOTHER,
    "no study contradicts it any more": LiftReason.NO_CONTRADICTION,
    "a study shows whose it is": LiftReason.OWNER_SHOWN,
    "another phone number": RevokeReason.ANOTHER_PHONE,
    "identity corrected": RevokeReason.IDENTITY_CORRECTED,
}
_UNUSABLE = "unusable "


@dataclass(frozen=True)
class Why:
    """`code`: of `reasons` or HoldReason, else empty. `fields`: the fields it is about. `note`: what staff typed."""

    code: str = ""
    fields: tuple[str, ...] = ()
    note: str = ""


def why(detail: Mapping[str, Any]) -> Why:
    """The reason of an event with this detail."""
    reason, note = str(detail.get("reason", "")), str(detail.get("note", ""))
    if reason in _CODES:
        return Why(reason, tuple(detail.get("fields", ())), note)
    if reason in _FORMER:
        return Why(_FORMER[reason])
    if reason.startswith(_UNUSABLE):
        return Why(LeftOutReason.UNUSABLE, tuple(reason.removeprefix(_UNUSABLE).split(", ")))
    return Why(note=note or reason)

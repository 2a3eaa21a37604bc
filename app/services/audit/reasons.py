"""Why something was done: the reason codes of the audit log, and the check of a reason that staff type.

An event's detail keeps a code as `reason` and typed text as `note`. Reasons in other rows are in app/models/states.py.
"""

from __future__ import annotations

from enum import StrEnum

from app.errors import InvalidInput

LONGEST = 200


class LiftReason(StrEnum):
    """Why a hold was lifted (services/release/holds.py)."""

    NO_CONTRADICTION = "no_contradiction"
    """Ends `contradicted`: no study with the exam's accession number contradicts the exam any more."""
    OWNER_SHOWN = "owner_shown"
    """Ends `report_of_another` and `pictures_of_another`: a matched study shows whose exam it is."""
    BY_STAFF = "by_staff"
    """Ends any hold: somebody at the desk lifted it."""


class RevokeReason(StrEnum):
    """Why codes of an exam were revoked."""

    ANOTHER_PHONE = "another_phone"
    IDENTITY_CORRECTED = "identity_corrected"
    BY_STAFF = "by_staff"


class LeftOutReason(StrEnum):
    """Why fields that the RIS sent were left out."""

    UNUSABLE = "unusable"


def checked_reason(text: str, longest: int = LONGEST) -> str:
    """`text` without spaces around it. Raises InvalidInput when it is empty or longer than `longest` characters."""
    reason = text.strip()
    if not 0 < len(reason) <= longest:
        raise InvalidInput("reason", f"must be 1 to {longest} characters")
    return reason

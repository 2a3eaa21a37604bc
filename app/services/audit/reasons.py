"""Why something was done: codes of the audit log's own, and what a member of staff typed.

An event's detail keeps a code as `reason` and typed text as `note`. Reasons that rows hold are app/models/states.py.
"""

from __future__ import annotations

from enum import StrEnum

from app.errors import InvalidInput

LONGEST = 200


class LiftReason(StrEnum):
    """Why an exam is held no more."""

    NO_CONTRADICTION = "no_contradiction"
    """No study of its accession number contradicts it any more."""
    OWNER_SHOWN = "owner_shown"
    """A study that matches shows whose it is."""
    BY_STAFF = "by_staff"


class RevokeReason(StrEnum):
    """Why codes of an exam were revoked."""

    ANOTHER_PHONE = "another_phone"
    IDENTITY_CORRECTED = "identity_corrected"
    BY_STAFF = "by_staff"


class LeftOutReason(StrEnum):
    """Why fields that the RIS gave were not taken."""

    UNUSABLE = "unusable"


def checked_reason(text: str, longest: int = LONGEST) -> str:
    """Raises InvalidInput unless something is said, in at most `longest` characters."""
    reason = text.strip()
    if not 0 < len(reason) <= longest:
        raise InvalidInput("reason", f"must be 1 to {longest} characters")
    return reason

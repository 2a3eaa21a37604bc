"""Why a member of staff did something: said in words, kept in the audit log."""

from __future__ import annotations

from app.errors import InvalidInput

LONGEST = 200


def checked_reason(text: str, longest: int = LONGEST) -> str:
    """Raises InvalidInput unless something is said, in at most `longest` characters."""
    reason = text.strip()
    if not 0 < len(reason) <= longest:
        raise InvalidInput("reason", f"must be 1 to {longest} characters")
    return reason

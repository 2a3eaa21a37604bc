"""Counts a request for digits, before anything is looked up: by the address it comes from, and by who asks or whose
number it is. The phone door, binding and family ask here. How often a phone is rung is decided when digits are sent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.repos.phone_door import digits as repo
from app.repos.phone_door.digits import Limits
from app.services.patient_access.attempts import Attempts


def seconds_to_wait(
    session: Session, attempts: Attempts, asker: bytes, address: str, now: datetime, limits: Limits
) -> int:
    """0 when the request is counted and may go on; else the seconds until one may ask again, and the asker's count is
    as it was. `asker`: a hash. Inside the caller's transaction."""
    retry_after_s = attempts.ask_at_phone_door(session, address, now)
    if retry_after_s:
        return retry_after_s
    repo.ensure_requests(session, asker)
    if repo.claim_request(session, asker, now, limits):
        return 0
    ends_at = repo.requests_end_at(session, asker, limits) or now
    return max(1, int((ends_at - now).total_seconds()))

"""How many one-time codes one phone gets in a day: one count over all doors that send them (an exam's own door, the
phone door, binding, family). What a door itself allows is decided there.

It is counted where a code is sent, by the worker, and never while somebody waits for a page: what other doors sent to a
number would else show at this one whether it is a patient's.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.repos.phone_door import digits as requests
from app.security.codes import Codes
from app.services.audit.counted_refusals import CountedRefusals
from app.services.audit.log import Action

RINGS = {10: timedelta(days=1)}
"""Carriers draw the same line for one number."""
TRACES = {1: timedelta(days=1)}
"""A phone that is not rung has a row a day, whatever strangers fill the log with: the desk can tell its patient why."""


def may_ring(
    session: Session, codes: Codes, refusals: CountedRefusals, phone_hash: bytes, subject: str, now: datetime
) -> bool:
    """Count one code to this phone (its hash, as patients' rows have it) inside the caller's transaction, or leave a
    trace that `subject` got none: the phone had as many as it may have."""
    key = codes.hash("rung-phone", phone_hash.hex())
    requests.ensure_requests(session, key)
    if requests.claim_request(session, key, now, RINGS):
        return True
    told = codes.hash("phone-not-rung", phone_hash.hex())
    requests.ensure_requests(session, told)
    if requests.claim_request(session, told, now, TRACES):
        refusals.audit.record(session, Action.ONE_TIME_CODE_REFUSED, actor="patient", subject=subject)
        return False
    refusals.record_in(session, Action.ONE_TIME_CODE_REFUSED, actor="patient", subject=subject, address="")
    return False

"""Removes rows that nothing will ever ask for again, some at a time. When that is due is `services.spent_rows`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, tuple_
from sqlalchemy.orm import Session

from app.models import AccessAttempts, AccessCode, Base, Job, KnownDevice, OneTimeCode, PatientSession, StaffSession
from app.models.states import AttemptScope, JobState
from app.repos.changed_rows import changed_rows


def remove(session: Session, before: datetime, unused_since: datetime, limit: int) -> int:
    """What was over `before` and devices `unused_since`, at most `limit` rows of each kind; returns how many went."""
    return sum(_remove(session, table, spent, limit) for table, spent in _spent(before, unused_since))


def _spent(before: datetime, unused_since: datetime) -> list[tuple[type[Base], ColumnElement[bool]]]:
    # Failures with a code of ours count for as long as it lives, those of a device that was let in as long as it is
    # known. The rest counts for a day at most, and guesses at codes that never were would pile up for ever.
    of_a_code = exists().where(AccessCode.code_hash == AccessAttempts.key_hash)
    passing = or_(
        AccessAttempts.scope.in_(
            (AttemptScope.ADDRESS, AttemptScope.REQUEST, AttemptScope.PATIENT, AttemptScope.STAFF)
        ),
        and_(AccessAttempts.scope == AttemptScope.CODE, ~of_a_code),
    )
    return [
        (PatientSession, PatientSession.expires_at < before),
        (StaffSession, StaffSession.expires_at < before),
        (OneTimeCode, OneTimeCode.expires_at < before),
        (Job, and_(Job.state == JobState.DONE, Job.finished_at < before)),
        (AccessAttempts, and_(AccessAttempts.updated_at < before, passing)),
        (KnownDevice, KnownDevice.last_used_at < unused_since),
        # a device that is let in leaves its count as new as itself: what is older belongs to none that is kept
        (AccessAttempts, and_(AccessAttempts.scope == AttemptScope.DEVICE, AccessAttempts.updated_at < unused_since)),
    ]


def _remove(session: Session, table: type[Base], spent: ColumnElement[bool], limit: int) -> int:
    key = list(table.__table__.primary_key)
    these = select(*key).where(spent).limit(limit)
    statement = delete(table).where(tuple_(*key).in_(these)).execution_options(synchronize_session=False)
    return changed_rows(session, statement)

"""Removes rows that nobody will ask for again, some at a time. When it runs: app/services/operations/spent_rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, delete, exists, or_, select, tuple_
from sqlalchemy.orm import Session

from app.models import (
    AccessAttempts,
    AccessCode,
    Base,
    BindingCode,
    BoundDevice,
    FamilyCode,
    FamilyGrant,
    GuestSession,
    HandOver,
    HelperCode,
    Job,
    KnownDevice,
    OneTimeCode,
    PatientSession,
    PhoneCode,
    PhoneRequests,
    Share,
    SharedPrior,
    StaffSession,
    WaitingPc,
    WechatLogin,
    WechatPush,
)
from app.models.states import AttemptScope, JobState
from app.repos.changed_rows import changed_rows

Keys = list[tuple[Any, ...]]
# In the text of the statement: so PostgreSQL sees that the index of done jobs serves.
_DONE: BindParameter[str] = bindparam(None, JobState.DONE, literal_execute=True)


def found(session: Session, before: datetime, unused_since: datetime, limit: int) -> list[Keys]:
    """The primary keys of rows that ended before `before`, and of devices not used since `unused_since`.

    At most `limit` rows of each kind. Run it without the write lock.
    """
    return [_found(session, table, spent, limit) for table, spent in _spent(before, unused_since)]


def remove(session: Session, before: datetime, unused_since: datetime, keys: list[Keys]) -> int:
    """Delete those rows of `found` that still are not needed; returns the number of deleted rows."""
    kinds = zip(_spent(before, unused_since), keys, strict=True)
    return sum(_remove(session, table, spent, these) for (table, spent), these in kinds if these)


def _spent(before: datetime, unused_since: datetime) -> list[tuple[type[Base], ColumnElement[bool]]]:
    # Failures with an existing code count as long as the code exists. Failures of a known device count as long as the
    # device is known. All other failures count for at most a day: without removal, guesses at codes that do not exist
    # would pile up for ever.
    of_a_code = exists().where(AccessCode.code_hash == AccessAttempts.key_hash)
    passing = or_(
        AccessAttempts.scope.in_(
            (
                *(AttemptScope.ADDRESS, AttemptScope.REQUEST, AttemptScope.DOOR),
                *(AttemptScope.PATIENT, AttemptScope.PHONE, AttemptScope.STAFF),
                *(AttemptScope.GUEST, AttemptScope.HOSPITAL, AttemptScope.REFUSED),
                AttemptScope.WECHAT_LOGIN,
            )
        ),
        and_(AccessAttempts.scope == AttemptScope.CODE, ~of_a_code),
        and_(AccessAttempts.scope == AttemptScope.SHARE, ~exists().where(Share.code_hash == AccessAttempts.key_hash)),
    )
    # Patients see for a year who opened what they shared, and who the relative was that looked; digits tell nothing any
    # more.
    of_old_share = exists().where(Share.id == SharedPrior.share_id, Share.expires_at < unused_since)
    of_old_digits = exists().where(HandOver.id == WaitingPc.hand_over_id, HandOver.expires_at < before)
    is_waited_for = exists().where(WaitingPc.hand_over_id == HandOver.id)
    is_named = or_(
        exists().where(WaitingPc.guest_session_id == GuestSession.id),
        exists().where(Share.id == GuestSession.share_id, Share.expires_at >= unused_since),
    )
    is_helped = exists().where(PatientSession.helper_code_id == HelperCode.id)
    is_given_along = or_(
        exists().where(SharedPrior.share_id == Share.id), exists().where(GuestSession.share_id == Share.id)
    )
    return [
        (PatientSession, PatientSession.expires_at < before),
        (StaffSession, StaffSession.expires_at < before),
        (OneTimeCode, OneTimeCode.expires_at < before),
        (PhoneCode, PhoneCode.expires_at < before),
        (PhoneRequests, PhoneRequests.asked_1_at < before),
        (WaitingPc, of_old_digits),
        (HandOver, and_(HandOver.expires_at < before, ~is_waited_for)),
        (GuestSession, and_(GuestSession.expires_at < unused_since, ~is_named)),
        (SharedPrior, of_old_share),
        (Share, and_(Share.expires_at < unused_since, ~is_given_along)),
        (HelperCode, and_(HelperCode.expires_at < unused_since, ~is_helped)),
        (FamilyCode, FamilyCode.expires_at < before),
        (FamilyGrant, FamilyGrant.expires_at < unused_since),
        (BindingCode, BindingCode.expires_at < before),
        (WechatLogin, WechatLogin.begun_at < before),
        (WechatPush, WechatPush.at < before),
        (Job, and_(Job.state == _DONE, Job.finished_at < before)),
        (AccessAttempts, and_(AccessAttempts.updated_at < before, passing)),
        (KnownDevice, KnownDevice.last_used_at < unused_since),
        (BoundDevice, BoundDevice.last_used_at < unused_since),
        # When a device is let in, its count gets the same time as the device. So an older count has no device any more.
        (AccessAttempts, and_(AccessAttempts.scope == AttemptScope.DEVICE, AccessAttempts.updated_at < unused_since)),
    ]


def _found(session: Session, table: type[Base], spent: ColumnElement[bool], limit: int) -> Keys:
    return [tuple(row) for row in session.execute(select(*table.__table__.primary_key).where(spent).limit(limit))]


def _remove(session: Session, table: type[Base], spent: ColumnElement[bool], keys: Keys) -> int:
    these = tuple_(*table.__table__.primary_key).in_(keys)
    statement = delete(table).where(these, spent).execution_options(synchronize_session=False)
    return changed_rows(session, statement)

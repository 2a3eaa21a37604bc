"""Rows of browsers in which the owner of a bound WeChat account was proved, and sessions that begin by it."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from app.models import BoundDevice, PatientSession, WechatAccount
from app.repos.changed_rows import changed_rows


def add(session: Session, row: BoundDevice | PatientSession) -> None:
    session.add(row)
    session.flush()


def device(session: Session, device_hash: bytes, account_id: uuid.UUID) -> BoundDevice | None:
    query = select(BoundDevice).where(BoundDevice.device_hash == device_hash, BoundDevice.account_id == account_id)
    return session.scalars(query).one_or_none()


def is_bound_device(session: Session, device_hash: bytes) -> bool:
    return bool(session.scalar(select(exists().where(BoundDevice.device_hash == device_hash))))


def forget(session: Session, account_id: uuid.UUID) -> None:
    statement = delete(BoundDevice).where(BoundDevice.account_id == account_id)
    session.execute(statement.execution_options(synchronize_session=False))


def end_sessions(session: Session, account_id: uuid.UUID, now: datetime) -> int:
    statement = update(PatientSession).where(
        PatientSession.account_id == account_id, PatientSession.revoked_at.is_(None)
    )
    return changed_rows(session, statement.values(revoked_at=now).execution_options(synchronize_session=False))


def keep_reading(session: Session, session_ids: Collection[uuid.UUID], choice: str) -> None:
    """How the persons behind these sessions want to read, at their live accounts."""
    accounts = select(PatientSession.account_id).where(PatientSession.id.in_(session_ids))
    statement = update(WechatAccount).where(WechatAccount.id.in_(accounts), WechatAccount.unbound_at.is_(None))
    session.execute(statement.values(reading=choice).execution_options(synchronize_session=False))

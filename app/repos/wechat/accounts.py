"""Rows of WeChat accounts. Binding an account is in app/services/wechat."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from app.models import Patient, WechatAccount


def add(session: Session, row: WechatAccount) -> None:
    session.add(row)
    session.flush()


IS_OF_PATIENT = or_(
    and_(WechatAccount.id_number_hash == Patient.id_number_hash, WechatAccount.name_hash == Patient.name_hash),
    and_(WechatAccount.id_number_hash.is_(None), WechatAccount.patient_id == Patient.id),
)
"""Joins an account with every patient row of its person."""


def of_patient(session: Session, patient_id: uuid.UUID) -> list[WechatAccount]:
    """Every account that the person of this patient bound and did not unbind, the newest first."""
    query = select(WechatAccount).join(Patient, IS_OF_PATIENT)
    query = query.where(Patient.id == patient_id, WechatAccount.unbound_at.is_(None))
    return list(session.scalars(query.order_by(WechatAccount.bound_at.desc(), WechatAccount.id)))


def registration(session: Session, account_id: uuid.UUID) -> Patient:
    """The newest registration of the person of an account."""
    query = select(Patient).join(WechatAccount, IS_OF_PATIENT).where(WechatAccount.id == account_id)
    return session.scalars(query.order_by(Patient.created_at.desc(), Patient.id).limit(1)).one()


def of_openid(session: Session, openid_hash: bytes) -> list[WechatAccount]:
    """The bindings of a WeChat user that nobody ended, the oldest first."""
    query = select(WechatAccount).where(WechatAccount.openid_hash == openid_hash, WechatAccount.unbound_at.is_(None))
    return list(session.scalars(query.order_by(WechatAccount.bound_at, WechatAccount.id)))


def live(session: Session, account_id: uuid.UUID) -> WechatAccount | None:
    query = select(WechatAccount).where(WechatAccount.id == account_id, WechatAccount.unbound_at.is_(None))
    return session.scalars(query).one_or_none()


def unbind(session: Session, account_id: uuid.UUID, now: datetime) -> None:
    statement = update(WechatAccount).where(WechatAccount.id == account_id, WechatAccount.unbound_at.is_(None))
    session.execute(statement.values(unbound_at=now).execution_options(synchronize_session=False))

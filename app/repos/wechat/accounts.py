"""Rows of WeChat accounts. Binding an account is in app/services/wechat."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import WechatAccount


def add(session: Session, row: WechatAccount) -> None:
    session.add(row)
    session.flush()


def wechat_account(session: Session, patient_id: uuid.UUID) -> WechatAccount | None:
    """The newest account that a patient bound and did not unbind."""
    query = select(WechatAccount).where(WechatAccount.patient_id == patient_id, WechatAccount.unbound_at.is_(None))
    return session.scalars(query.order_by(WechatAccount.bound_at.desc()).limit(1)).first()

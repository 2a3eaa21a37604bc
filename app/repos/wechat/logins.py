"""Rows of logins by WeChat. What a login may do is decided in app/services/wechat/login.py."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import WechatLogin


def claim(session: Session, row: WechatLogin) -> bool:
    """Add a login; False when its state was used before."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def of_state(session: Session, state_hash: bytes) -> WechatLogin | None:
    query = select(WechatLogin).where(WechatLogin.state_hash == state_hash).execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def by_id(session: Session, login_id: uuid.UUID) -> WechatLogin | None:
    return session.get(WechatLogin, login_id)


def finish(session: Session, login_id: uuid.UUID, **values: Any) -> None:
    statement = update(WechatLogin).where(WechatLogin.id == login_id).values(**values)
    session.execute(statement.execution_options(synchronize_session=False))


def forget(session: Session, login_id: uuid.UUID) -> None:
    statement = delete(WechatLogin).where(WechatLogin.id == login_id)
    session.execute(statement.execution_options(synchronize_session=False))

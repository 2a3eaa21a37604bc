"""Rows of the official account's tokens. Who fetches one, and when, is decided in wechat/tokens.py."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import WechatToken
from app.repos.changed_rows import changed_rows
from app.repos.due_times import SKEW


def token(session: Session, name: str) -> WechatToken | None:
    return session.scalars(select(WechatToken).where(WechatToken.name == name)).one_or_none()


def ensure(session: Session, name: str) -> None:
    try:
        with session.begin_nested():
            if token(session, name) is None:
                session.add(WechatToken(id=uuid.uuid4(), name=name))
    except IntegrityError:
        pass  # another process made the row first


def claim(session: Session, name: str, now: datetime, until: datetime) -> bool:
    """In one conditional UPDATE. A claim that a clock running ahead made does not last for ever."""
    leased = WechatToken.leased_until
    is_free = or_(leased.is_(None), leased <= now, leased > now + (until - now) + timedelta(seconds=1) + SKEW)
    statement = update(WechatToken).where(WechatToken.name == name, is_free).values(leased_until=until)
    return changed_rows(session, statement.execution_options(synchronize_session=False)) == 1


def change(session: Session, name: str, **values: Any) -> None:
    session.execute(
        update(WechatToken)
        .where(WechatToken.name == name)
        .values(**values)
        .execution_options(synchronize_session=False)
    )

"""Marks of pushes that were taken. Which they are is decided in app/services/wechat/callback.py."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.models import WechatPush


def is_known(session: Session, mark_hash: bytes) -> bool:
    return bool(session.scalar(select(exists().where(WechatPush.mark_hash == mark_hash))))


def remember(session: Session, mark_hash: bytes, now: datetime) -> None:
    """Inside a writing transaction, so nobody adds the same mark in between."""
    if not is_known(session, mark_hash):
        session.add(WechatPush(mark_hash=mark_hash, at=now))
        session.flush()

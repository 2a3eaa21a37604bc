"""Rows of early receipts: a receipt that comes before we know which message has its serial. `outbox` adds them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.models import EarlyReceipt


def early_receipt(session: Session, serial: str) -> EarlyReceipt | None:
    return session.get(EarlyReceipt, serial)


def early_receipts_of(session: Session, phone_hash: bytes, since: datetime) -> list[EarlyReceipt]:
    query = select(EarlyReceipt).where(EarlyReceipt.phone_hash == phone_hash, EarlyReceipt.received_at >= since)
    return list(session.scalars(query))


def remove_early_receipt(session: Session, serial: str) -> None:
    session.execute(delete(EarlyReceipt).where(EarlyReceipt.serial == serial))


def forget_early_receipts(session: Session, before: datetime, limit: int) -> None:
    """Delete early receipts that came before an instant, at most `limit`."""
    these = select(EarlyReceipt.serial).where(EarlyReceipt.received_at < before).limit(limit)
    session.execute(
        delete(EarlyReceipt).where(EarlyReceipt.serial.in_(these)).execution_options(synchronize_session=False)
    )

"""Rules that say which results wait until somebody at the desk releases them by hand."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, UuidKey


class SensitiveRule(Base):
    """One rule; an ended one is kept. `pattern` names a kind of exam or a word of a report, and nobody."""

    __tablename__ = "sensitive_rule"

    id: Mapped[UuidKey]
    kind: Mapped[str] = mapped_column(String(16))
    """`SensitiveRuleKind`"""
    pattern: Mapped[str | None] = mapped_column(String(64))
    """None: this kind needs none. Never empty: openGauss keeps an empty text as none."""
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

"""Counts of rows that /metrics shows. Triggers of the database keep them (migrations/versions/0025_growth.py)."""

from __future__ import annotations

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class RowCount(Base):
    """How many rows there are of a kind: `messages` by channel and state, `studies` by state and match state, an
    order each, and `quarantined` objects."""

    __tablename__ = "row_count"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    first: Mapped[str] = mapped_column(String(32), primary_key=True)
    second: Mapped[str] = mapped_column(String(32), primary_key=True)
    counted: Mapped[int] = mapped_column(BigInteger)

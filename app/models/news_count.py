"""Counts of messages by the day on which they were queued. Triggers of the database keep them
(migrations/versions/0036_counts_of_news.py)."""

from __future__ import annotations

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class NewsCount(Base):
    """How far the messages of one day and channel came, and how many segments carriers charge for them.

    day: in UTC, as 2026-11-26. queued, accepted, delivered, opened, viewed, segments: of messages with news, as in
    app/repos/notifications/funnel.py. access_segments: of messages about who may see. code_segments: of one-time codes.
    """

    __tablename__ = "news_count"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    channel: Mapped[str] = mapped_column(String(8), primary_key=True)
    queued: Mapped[int] = mapped_column(BigInteger)
    accepted: Mapped[int] = mapped_column(BigInteger)
    delivered: Mapped[int] = mapped_column(BigInteger)
    opened: Mapped[int] = mapped_column(BigInteger)
    viewed: Mapped[int] = mapped_column(BigInteger)
    segments: Mapped[int] = mapped_column(BigInteger)
    access_segments: Mapped[int] = mapped_column(BigInteger)
    code_segments: Mapped[int] = mapped_column(BigInteger)

"""What patients ask about their own data: to correct it, or to delete it. Each step of it is a row of its own."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, UuidKey


class DataRequest(Base):
    """A request of a patient. kind: `DataRequestKind`, state: `DataRequestState`, that of its newest step."""

    __tablename__ = "data_request"
    __table_args__ = (Index("ix_data_request_state_due_at", "state", "due_at"),)

    id: Mapped[UuidKey]
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(12))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """Until when the hospital answers."""


class DataRequestStep(Base):
    """One version of a request: what was asked or answered. A row is never changed."""

    __tablename__ = "data_request_step"
    __table_args__ = (UniqueConstraint("request_id", "number"),)

    id: Mapped[UuidKey]
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("data_request.id"))
    number: Mapped[int]
    """Counted from 1, in which the patient asked."""
    state: Mapped[str] = mapped_column(String(12))
    words_sealed: Mapped[bytes]
    """What the patient wrote, or what staff answered."""
    at: Mapped[datetime]

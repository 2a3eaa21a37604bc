"""What patients agreed to before their first look: one row each time, with the version of the text."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, UuidKey


class Consent(Base):
    """It holds until it is withdrawn, for the version that was read. A row is never changed otherwise."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_patient_id_version", "patient_id", "version"),)

    id: Mapped[UuidKey]
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"))
    version: Mapped[str] = mapped_column(String(16))
    agreed_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

"""Patients as the RIS registered them. Who is the same person: app/identity. WeChat accounts are in `wechat`.

Every readable field is sealed. Fields are compared by keyed blind indexes.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, UuidKey


class Patient(Base):
    """One row for each identity (patient ID, name, sex, birth date, ID number). Two people who share a patient ID by
    mistake stay two rows."""

    __tablename__ = "patient"

    id: Mapped[UuidKey]
    identity_hash: Mapped[bytes] = mapped_column(unique=True)
    patient_id_hash: Mapped[bytes] = mapped_column(index=True)
    patient_id_sealed: Mapped[bytes]
    name_hash: Mapped[bytes] = mapped_column(index=True)
    name_sealed: Mapped[bytes]
    phone_hash: Mapped[bytes | None] = mapped_column(index=True)
    phone_sealed: Mapped[bytes | None]
    id_number_hash: Mapped[bytes | None] = mapped_column(index=True)
    id_number_sealed: Mapped[bytes | None]
    birth_date_sealed: Mapped[bytes]
    sex: Mapped[str] = mapped_column(String(1))
    """`Sex`"""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class PatientNameToken(Base):
    """Blind index of one search token of a name: the whole name, the family name, or a pinyin reading of either."""

    __tablename__ = "patient_name_token"

    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(primary_key=True, index=True)

"""Rows of consents, and what ends with a withdrawn one. Whether a session's patient agreed is asked in the SELECT of
`app/repos/patient_access/sessions`."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from app.models import Consent, Exam, FamilyGrant, Patient
from app.models.states import FamilyEnd
from app.repos.changed_rows import changed_rows
from app.repos.sharing import given


def holds(session: Session, patient_id: uuid.UUID, version: str) -> bool:
    own = (Consent.patient_id == patient_id, Consent.version == version, Consent.withdrawn_at.is_(None))
    return bool(session.scalar(select(exists().where(*own))))


def count_since(session: Session, patient_id: uuid.UUID, since: datetime) -> int:
    """How often a patient agreed from that time on, whatever became of it."""
    these = (Consent.patient_id == patient_id, Consent.agreed_at > since)
    return session.scalar(select(func.count()).select_from(Consent).where(*these)) or 0


def add(session: Session, row: Consent) -> None:
    session.add(row)
    session.flush()


def withdraw(session: Session, patient_ids: Collection[uuid.UUID], now: datetime) -> int:
    these = (Consent.patient_id.in_(patient_ids), Consent.withdrawn_at.is_(None))
    statement = update(Consent).where(*these).values(withdrawn_at=now)
    return changed_rows(session, statement.execution_options(synchronize_session=False))


def end_what_was_given(session: Session, patient_ids: Collection[uuid.UUID], now: datetime) -> None:
    """What these patients gave to others or wished for, and what relatives may see."""
    members = select(Patient.id).where(
        Patient.id.in_(patient_ids),
        Patient.id_number_hash == FamilyGrant.member_number_hash,
        Patient.name_hash == FamilyGrant.member_name_hash,
    )
    is_of_member = members.correlate(FamilyGrant).exists()
    exams = select(Exam.id).where(Exam.patient_id.in_(patient_ids))
    ends = update(FamilyGrant).where(is_of_member, FamilyGrant.ended_at.is_(None))
    ends = ends.values(ended_at=now, ended_by=FamilyEnd.CONSENT)
    session.execute(ends.execution_options(synchronize_session=False))
    given.end_all_of(session, exams, now)

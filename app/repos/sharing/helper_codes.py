"""Rows of codes for helpers. Limits are in app/services/sharing. Whether a session of a helper is alive is asked in
`app/repos/patient_access/sessions`."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.models import Exam, HelperCode, PatientSession
from app.repos.changed_rows import changed_rows


def add(session: Session, row: HelperCode | PatientSession) -> None:
    session.add(row)
    session.flush()


def count_live(session: Session, exam_id: uuid.UUID, now: datetime) -> int:
    these = (HelperCode.exam_id == exam_id, HelperCode.revoked_at.is_(None), HelperCode.expires_at > now)
    return session.scalar(select(func.count()).select_from(HelperCode).where(*these)) or 0


def count_since(session: Session, exam_id: uuid.UUID, since: datetime) -> int:
    """How many were given from that time on, whatever became of them."""
    these = (HelperCode.exam_id == exam_id, HelperCode.created_at > since)
    return session.scalar(select(func.count()).select_from(HelperCode).where(*these)) or 0


def unused(session: Session, code_hash: bytes, now: datetime) -> tuple[HelperCode, Exam] | None:
    """The code with its exam, if it may still be typed: neither typed nor over, and of the same patient."""
    query = select(HelperCode, Exam).join(Exam, Exam.id == HelperCode.exam_id)
    query = query.where(
        HelperCode.code_hash == code_hash,
        HelperCode.opened_at.is_(None),
        HelperCode.revoked_at.is_(None),
        HelperCode.expires_at > now,
        HelperCode.patient_id == Exam.patient_id,
        HelperCode.code_generation == Exam.code_generation,
    )
    found = session.execute(query).one_or_none()
    return (found[0], found[1]) if found else None


def by_hash(session: Session, code_hash: bytes) -> HelperCode | None:
    """The code, also one that opens nothing any more."""
    return session.scalars(select(HelperCode).where(HelperCode.code_hash == code_hash)).one_or_none()


def use(session: Session, code_id: uuid.UUID, now: datetime, ends_at: datetime, device: str) -> bool:
    """Mark it typed; False when somebody typed it a moment before, or it was revoked."""
    statement = update(HelperCode).where(
        HelperCode.id == code_id, HelperCode.opened_at.is_(None), HelperCode.revoked_at.is_(None)
    )
    values = {"opened_at": now, "expires_at": ends_at, "device": device}
    return changed_rows(session, statement.values(values).execution_options(synchronize_session=False)) == 1


def of_exam(session: Session, exam_id: uuid.UUID, patient_id: uuid.UUID, limit: int) -> list[HelperCode]:
    """Those of this patient, the newest first."""
    query = select(HelperCode).where(HelperCode.exam_id == exam_id, HelperCode.patient_id == patient_id)
    return list(session.scalars(query.order_by(HelperCode.created_at.desc(), HelperCode.id).limit(limit)))


def revoke(session: Session, exam_id: uuid.UUID, code_id: uuid.UUID, now: datetime) -> bool:
    """False when this exam has no such code, or it was revoked before."""
    these = (HelperCode.id == code_id, HelperCode.exam_id == exam_id, HelperCode.revoked_at.is_(None))
    statement = update(HelperCode).where(*these).values(revoked_at=now)
    return changed_rows(session, statement.execution_options(synchronize_session=False)) == 1

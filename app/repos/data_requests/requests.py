"""Rows of requests about the own data, and what is kept of a patient."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.models import Consent, DataRequest, DataRequestStep, Exam, Patient
from app.models.states import DataRequestState
from app.repos.changed_rows import changed_rows
from app.repos.keyset import Place, rows_at


def add(session: Session, row: DataRequest | DataRequestStep) -> None:
    session.add(row)
    session.flush()


def by_id(session: Session, request_id: uuid.UUID) -> DataRequest | None:
    return session.get(DataRequest, request_id)


def of_patients(session: Session, patient_ids: Collection[uuid.UUID]) -> list[DataRequest]:
    """The newest first."""
    query = select(DataRequest).where(DataRequest.patient_id.in_(patient_ids))
    return list(session.scalars(query.order_by(DataRequest.created_at.desc(), DataRequest.id)))


def count_open(session: Session, patient_ids: Collection[uuid.UUID]) -> int:
    these = (DataRequest.patient_id.in_(patient_ids), DataRequest.state == DataRequestState.OPEN)
    return session.scalar(select(func.count()).select_from(DataRequest).where(*these)) or 0


def lock_patients(session: Session, patient_ids: Collection[uuid.UUID]) -> None:
    """Who asks for the same person waits here, so that what is counted next holds until the transaction ends."""
    query = select(Patient.id).where(Patient.id.in_(patient_ids)).order_by(Patient.id)
    session.execute(query.with_for_update()).all()


def count_since(session: Session, patient_ids: Collection[uuid.UUID], since: datetime) -> int:
    """How many were made from that time on, whatever became of them."""
    these = (DataRequest.patient_id.in_(patient_ids), DataRequest.created_at > since)
    return session.scalar(select(func.count()).select_from(DataRequest).where(*these)) or 0


def open_ones(session: Session, place: Place | None, limit: int) -> list[tuple[DataRequest, Patient]]:
    """Those that wait for an answer, the one due first first."""
    query = select(DataRequest, Patient).join(Patient, Patient.id == DataRequest.patient_id)
    query = query.where(DataRequest.state == DataRequestState.OPEN)
    order = (DataRequest.due_at, DataRequest.id)
    rows = rows_at(session, query, order, place, limit, oldest_first=True)
    return [(request, patient) for request, patient in rows]


def steps_of(session: Session, request_ids: Collection[uuid.UUID]) -> list[DataRequestStep]:
    """In order of requests and numbers."""
    query = select(DataRequestStep).where(DataRequestStep.request_id.in_(request_ids))
    return list(session.scalars(query.order_by(DataRequestStep.request_id, DataRequestStep.number)))


def close(session: Session, request_id: uuid.UUID, state: DataRequestState) -> bool:
    """False when it was answered or taken back before."""
    these = (DataRequest.id == request_id, DataRequest.state == DataRequestState.OPEN)
    statement = update(DataRequest).where(*these).values(state=state)
    return changed_rows(session, statement.execution_options(synchronize_session=False)) == 1


def newest_number(session: Session, request_id: uuid.UUID) -> int:
    query = select(func.max(DataRequestStep.number)).where(DataRequestStep.request_id == request_id)
    return session.scalar(query) or 0


def patients(session: Session, patient_ids: Collection[uuid.UUID]) -> list[Patient]:
    """The newest registration first."""
    query = select(Patient).where(Patient.id.in_(patient_ids))
    return list(session.scalars(query.order_by(Patient.created_at.desc(), Patient.id)))


def consents(session: Session, patient_ids: Collection[uuid.UUID]) -> list[Consent]:
    """The newest first."""
    query = select(Consent).where(Consent.patient_id.in_(patient_ids))
    return list(session.scalars(query.order_by(Consent.agreed_at.desc(), Consent.id)))


def newest_exam(session: Session, patient_id: uuid.UUID) -> uuid.UUID | None:
    query = select(Exam.id).where(Exam.patient_id == patient_id).order_by(Exam.created_at.desc(), Exam.id)
    return session.scalars(query.limit(1)).first()

"""Rows of the orders that a study names. Whether their exams have the same patient: app/services/exams/matching."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from app.models import Study, StudyOrder

# Built once, because each batch of ingest runs it.
_OF_STUDY = select(StudyOrder).where(StudyOrder.study_id == bindparam("study_id")).order_by(StudyOrder.place)


def of_study(session: Session, study_id: uuid.UUID) -> list[StudyOrder]:
    """In the order in which headers named them."""
    return list(session.scalars(_OF_STUDY, {"study_id": study_id}))


def by_id(session: Session, order_id: uuid.UUID) -> StudyOrder | None:
    return session.get(StudyOrder, order_id)


def add(session: Session, study: Study, numbers: Iterable[str], first_place: int) -> None:
    session.add_all(
        StudyOrder(study_id=study.id, place=place, accession_number=number, named_at=study.last_instance_at)
        for place, number in enumerate(numbers, first_place)
    )
    session.flush()


def remove(session: Session, orders: Sequence[StudyOrder]) -> None:
    session.execute(delete(StudyOrder).where(StudyOrder.id.in_([order.id for order in orders])))
    for order in orders:
        session.expunge(order)

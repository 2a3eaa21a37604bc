"""Rows of shares and of the earlier exams they give along. Whether a share opens is decided in services/sharing."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from app.models import Exam, GuestSession, Share, SharedPrior
from app.repos.changed_rows import changed_rows

_hashes = select(Share.code_hash).order_by(Share.code_hash).limit(1)
_at_or_behind = _hashes.where(Share.code_hash >= bindparam("code_hash")).scalar_subquery()
_NEAREST = (
    select(Share, Exam)
    .join(Exam, Exam.id == Share.exam_id)
    .where(Share.code_hash == func.coalesce(_at_or_behind, _hashes.scalar_subquery()))
)


def add(session: Session, share: Share, priors: Collection[uuid.UUID]) -> None:
    session.add(share)
    session.flush()
    session.add_all(SharedPrior(share_id=share.id, exam_id=exam_id) for exam_id in priors)
    session.flush()


def nearest(session: Session, code_hash: bytes) -> tuple[Share, Exam] | None:
    """The share with this hash, else the one with the next hash; None in an empty table. The caller compares the hash:
    an unknown one reads as many rows as a known one."""
    found = session.execute(_NEAREST, {"code_hash": code_hash}).one_or_none()
    return None if found is None else (found[0], found[1])


def by_id(session: Session, share_id: uuid.UUID) -> Share | None:
    return session.get(Share, share_id, populate_existing=True)


def of_exam(session: Session, exam_id: uuid.UUID, limit: int) -> list[Share]:
    """The newest first."""
    query = select(Share).where(Share.exam_id == exam_id).order_by(Share.created_at.desc(), Share.id)
    return list(session.scalars(query.limit(limit)))


def count_live(session: Session, exam_id: uuid.UUID, now: datetime) -> int:
    live = (Share.exam_id == exam_id, Share.revoked_at.is_(None), Share.expires_at > now)
    return session.scalar(select(func.count()).select_from(Share).where(*live)) or 0


def count_since(session: Session, exam_id: uuid.UUID, since: datetime) -> int:
    """How many were made from that time on, whatever became of them."""
    these = (Share.exam_id == exam_id, Share.created_at > since)
    return session.scalar(select(func.count()).select_from(Share).where(*these)) or 0


def priors_of(session: Session, share_ids: Collection[uuid.UUID]) -> list[tuple[uuid.UUID, Exam]]:
    """Each earlier exam with the id of the share that gives it, the newest exam first."""
    query = select(SharedPrior.share_id, Exam).join(Exam, Exam.id == SharedPrior.exam_id)
    query = query.where(SharedPrior.share_id.in_(share_ids)).order_by(Exam.performed_at.desc(), Exam.id)
    return [(share_id, exam) for share_id, exam in session.execute(query)]


def revoke(session: Session, share_id: uuid.UUID, now: datetime) -> bool:
    """False when it was revoked before. Its sessions end by it, as each request asks for the share."""
    statement = update(Share).where(Share.id == share_id, Share.revoked_at.is_(None)).values(revoked_at=now)
    return changed_rows(session, statement.execution_options(synchronize_session=False)) == 1


def openings(session: Session, share_ids: Collection[uuid.UUID], limit: int) -> list[GuestSession]:
    """The sessions that were opened by these shares, the newest first, without those of earlier exams."""
    query = select(GuestSession).where(GuestSession.share_id.in_(share_ids), GuestSession.main_id.is_(None))
    return list(session.scalars(query.order_by(GuestSession.created_at.desc(), GuestSession.id).limit(limit)))


def opened(session: Session, exam_id: uuid.UUID, patient_id: uuid.UUID) -> tuple[int, datetime | None]:
    """How often shares of this exam and patient were opened, and the latest time."""
    query = select(func.count(), func.max(GuestSession.created_at)).where(
        GuestSession.exam_id == exam_id,
        GuestSession.patient_id == patient_id,
        GuestSession.share_id.is_not(None),
        GuestSession.main_id.is_(None),
    )
    times, latest = session.execute(query).one()
    return times, latest

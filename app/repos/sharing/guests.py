"""Rows of guests' sessions: the one SELECT of each request, and how a session begins and ends."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from app.models import Exam, GuestSession, Share
from app.repos.changed_rows import changed_rows
from app.repos.patient_access.sessions import LookUp


@dataclass(frozen=True, slots=True)
class GuestRow:
    """A session of a guest with its exam and, when a share opened it, that share. `pictures` … `anonymous` are None
    without one."""

    exam_id: uuid.UUID
    exam_revision: int
    held_at: datetime | None
    last_seen_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    created_at: datetime
    patient_id: uuid.UUID
    main_id: uuid.UUID | None
    share_id: uuid.UUID | None
    pictures: bool | None
    report: bool | None
    originals: bool | None
    anonymous: bool | None


# Built once: each picture asks it. A share that is revoked or over, another patient, revoked codes: no row.
_SESSION = (
    select(
        Exam.id,
        Exam.revision,
        Exam.held_at,
        GuestSession.last_seen_at,
        GuestSession.expires_at,
        GuestSession.revoked_at,
        GuestSession.created_at,
        GuestSession.patient_id,
        GuestSession.main_id,
        GuestSession.share_id,
        Share.pictures,
        Share.report,
        Share.originals,
        Share.anonymous,
    )
    .select_from(GuestSession)
    .join(
        Exam,
        and_(
            Exam.id == GuestSession.exam_id,
            Exam.patient_id == GuestSession.patient_id,
            Exam.code_generation == GuestSession.code_generation,
        ),
    )
    .outerjoin(Share, Share.id == GuestSession.share_id)
    .where(
        GuestSession.id == bindparam("session_id"),
        or_(GuestSession.share_id.is_(None), and_(Share.revoked_at.is_(None), Share.expires_at > bindparam("now"))),
    )
)


def guest_row(look_up: LookUp, session_id: uuid.UUID, now: datetime) -> GuestRow | None:
    """`look_up`: `Database.look_up`."""
    found = look_up(_SESSION, {"session_id": session_id, "now": now})
    return GuestRow(*found) if found else None


def add(session: Session, rows: Collection[GuestSession]) -> None:
    session.add_all(rows)
    session.flush()


def by_id(session: Session, session_id: uuid.UUID) -> GuestSession | None:
    return session.get(GuestSession, session_id)


def touch(session: Session, session_id: uuid.UUID, now: datetime) -> None:
    session.execute(update(GuestSession).where(GuestSession.id == session_id).values(last_seen_at=now))


def end(session: Session, session_id: uuid.UUID, now: datetime) -> bool:
    """End a session and those of the earlier exams that came along. False when it was ended before."""
    these = (or_(GuestSession.id == session_id, GuestSession.main_id == session_id), GuestSession.revoked_at.is_(None))
    statement = update(GuestSession).where(*these).values(revoked_at=now)
    return changed_rows(session, statement.execution_options(synchronize_session=False)) > 0


def count_given_by(session: Session, giver_id: uuid.UUID) -> int:
    """How many sessions tickets of this one began, whatever became of them."""
    these = select(func.count()).select_from(GuestSession).where(GuestSession.giver_id == giver_id)
    return session.scalar(these) or 0


def end_oldest_given_by(session: Session, giver_id: uuid.UUID, keep: int, now: datetime) -> None:
    """End all sessions that tickets of this one began, but the newest `keep`."""
    given = (GuestSession.giver_id == giver_id, GuestSession.revoked_at.is_(None))
    newest = select(GuestSession.id).where(*given).order_by(GuestSession.created_at.desc(), GuestSession.id)
    statement = update(GuestSession).where(*given, GuestSession.id.not_in(newest.limit(keep))).values(revoked_at=now)
    session.execute(statement.execution_options(synchronize_session=False))


def along_with(session: Session, session_id: uuid.UUID) -> list[tuple[GuestSession, Exam]]:
    """The sessions of earlier exams that this one opened along, the newest exam first."""
    query = select(GuestSession, Exam).join(Exam, Exam.id == GuestSession.exam_id)
    query = query.where(GuestSession.main_id == session_id).order_by(Exam.performed_at.desc(), Exam.id)
    return [(row, exam) for row, exam in session.execute(query)]


def by_digits(session: Session, exam_id: uuid.UUID, limit: int) -> list[GuestSession]:
    """The sessions of an exam that digits opened, the newest first."""
    query = select(GuestSession).where(GuestSession.exam_id == exam_id, GuestSession.share_id.is_(None))
    return list(session.scalars(query.order_by(GuestSession.created_at.desc(), GuestSession.id).limit(limit)))

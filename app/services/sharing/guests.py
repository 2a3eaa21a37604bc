"""The session of a guest: is it alive, what may it see, end it. How it begins: `opening` (a link), `hand_over`
(digits)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import NotFound
from app.models import Exam, GuestSession, Share
from app.models.states import DeviceKind
from app.repos.sharing import guests as repo
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import exam_subject
from app.services.patient_access.sessions import Parts, PatientAccess
from app.services.session_times import is_alive, is_to_be_touched, touch


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestAccess(PatientAccess):
    """A live session of a guest. `of_person` is never true: a guest opens exactly what was given."""

    share_id: uuid.UUID | None
    opened_at: datetime
    given: Parts

    @property
    def actor(self) -> str:
        return f"{'hand-over' if self.share_id is None else 'share'}-session:{self.session_id.hex}"

    @property
    def is_guest(self) -> bool:
        return True

    @property
    def parts(self) -> Parts:
        return self.given


@dataclass(frozen=True)
class PriorExam:
    """An earlier exam that a guest may see too; `session_id` names it in addresses."""

    session_id: uuid.UUID
    modality: str
    body_part: str
    performed_at: datetime


@dataclass(frozen=True, kw_only=True)
class GuestSessions:
    """Decides whether a guest's session is alive. Raises NotFound."""

    db: Database
    clock: Clock
    audit: Audit
    idle: timedelta

    def check(self, session_id: uuid.UUID) -> GuestAccess:
        """One indexed SELECT. Raises NotFound when the session is over for any reason: its time, its share, codes that
        the desk revoked, another patient of the exam."""
        now = self.clock.now()
        row = repo.guest_row(self.db.look_up, session_id, now)
        if row is None or not is_alive(row, now, self.idle):
            raise NotFound
        if is_to_be_touched(row, now):
            touch(self.db, lambda session: repo.touch(session, session_id, now))
        parts = Parts(
            pictures=row.pictures is not False,
            report=row.report is not False,
            originals=row.originals is not False,
            anonymous=row.anonymous is True,
        )
        return GuestAccess(
            session_id=session_id,
            exam_id=row.exam_id,
            exam_revision=row.exam_revision,
            held=row.held_at is not None,
            patient_id=row.patient_id,
            of_person=False,
            account_id=None,
            share_id=row.share_id,
            opened_at=row.created_at,
            given=parts,
        )

    def begin(
        self,
        session: Session,
        exam: Exam,
        *,
        now: datetime,
        expires_at: datetime,
        device: DeviceKind,
        share: Share | None = None,
        main_id: uuid.UUID | None = None,
    ) -> GuestSession:
        """A new session, inside the caller's transaction. `main_id`: of an earlier exam, the session that opens it."""
        row = GuestSession(
            id=uuid.uuid4(),
            exam_id=exam.id,
            share_id=share.id if share else None,
            main_id=main_id,
            patient_id=exam.patient_id,
            code_generation=exam.code_generation,
            device=device,
            created_at=now,
            last_seen_at=now,
            expires_at=expires_at,
        )
        repo.add(session, [row])
        return row

    def priors(self, access: GuestAccess) -> list[PriorExam]:
        with self.db.read() as session:
            return [
                PriorExam(row.id, exam.modality, exam.body_part, exam.performed_at)
                for row, exam in repo.along_with(session, access.session_id)
            ]

    def end(self, access: GuestAccess) -> None:
        """The guest leaves."""
        with self.db.session() as session:
            if repo.end(session, access.session_id, self.clock.now()):
                subject = exam_subject(access.exam_id)
                self.audit.record(session, Action.ACCESS_ENDED, actor=access.actor, subject=subject)

    def end_by_patient(self, access: PatientAccess, session_id: uuid.UUID) -> None:
        """The patient ends a session of this exam that digits opened. Raises NotFound when there is none."""
        with self.db.session() as session:
            known = {row.id for row in repo.by_digits(session, access.exam_id, MOST_LISTED)}
            if session_id not in known:
                raise NotFound
            if repo.end(session, session_id, self.clock.now()):
                subject = exam_subject(access.exam_id)
                self.audit.record(session, Action.ACCESS_ENDED, actor=access.actor, subject=subject)


MOST_LISTED = 100
"""Openings that a page lists."""

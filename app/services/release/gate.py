"""The release gate: when patients may see an exam's pictures. They are told exactly once. Holds are in `holds`.

The gate is checked when something changed what the exam shows (`raise_exam_revision`), and when a delay ended. One
commit opens the gate and queues the message.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.models import CancelReason, Exam, NotificationKind, Study
from app.models.states import StudyState
from app.repos.due_times import has_come
from app.repos.exams.revision import raise_exam_revision
from app.repos.release import gate as repo
from app.services.audit.log import Action, Audit
from app.services.audit.reasons import RevokeReason
from app.services.audit.subjects import exam_subject
from app.services.channels.channel import Wording
from app.services.notifications.outbox import Outbox
from app.services.notifications.telling import NewsTelling
from app.services.patient_access.codes import AccessCodes
from app.services.queue.row_by_row import row_by_row

log = structlog.get_logger(__name__)

BATCH = 50
PAUSE_AFTER_FAULT = timedelta(minutes=10)


class GateKind(StrEnum):
    """What must happen before patients see pictures: the setting CLOUDFILM_RELEASE_GATE."""

    IMAGES = "images"
    FINAL_REPORT = "final_report"
    DELAY = "delay"


@dataclass(frozen=True, kw_only=True)
class ReleaseGate:
    """Decides when patients may see an exam's pictures. `delay`: counted from the last instance, only for the gate
    `delay`. `report_alone`: after so long without pictures a report is told alone. It raises nothing of its own."""

    db: Database
    clock: Clock
    audit: Audit
    access_codes: AccessCodes
    outbox: Outbox
    telling: NewsTelling
    gate: GateKind
    delay: timedelta
    report_alone: timedelta

    def release_due(self) -> int:
        """Check every exam whose gate is due. Returns how many were checked."""
        with self.db.read() as session:
            ids = repo.due(session, self.clock.now(), self._furthest, BATCH)
        row_by_row(ids, self._look, self._postpone)
        return len(ids)

    def identity_changed(self, session: Session, exam: Exam) -> None:
        """The exam belongs to another patient. All its codes and sessions end, waiting messages are cancelled, and the
        new patient is told when the gate opens again. Inside the caller's transaction."""
        self.access_codes.revoke_all(session, exam, "system", RevokeReason.IDENTITY_CORRECTED)
        self.outbox.cancel(session, exam.id, CancelReason.ANOTHER_PATIENT)
        exam.images_released_at = exam.report_released_at = None
        session.flush()
        raise_exam_revision(session, exam.id)

    def tell_anew(self, session: Session, exam: Exam) -> None:
        """Queue the news of a released exam again, to the patient's phone number: it reached nobody yet."""
        news = self.outbox.news(session, exam)
        has_pictures = exam.images_released_at is not None
        kind = NotificationKind.IMAGES_READY if has_pictures else NotificationKind.REPORT_READY
        self.telling.queue_news(session, exam, kind, news, phone_only=True)

    def tell_amended(self, session: Session, exam: Exam) -> None:
        """Queue news of a report that was amended after somebody read it. The text is that of every report: a message
        on a locked phone says no more."""
        self.telling.queue_news(session, exam, NotificationKind.REPORT_AMENDED, Wording.REPORT_READY)

    def _postpone(self, exam_id: uuid.UUID, error: Exception) -> None:
        log.error("an exam cannot be released", exam=exam_id, exc_info=error)
        with self.db.session() as session:
            repo.postpone(session, exam_id, self.clock.now() + PAUSE_AFTER_FAULT)

    def _look(self, exam_id: uuid.UUID) -> None:
        with self.db.session() as session:
            now = self.clock.now()  # read under the write lock: everything that was committed while we waited is older
            exam = repo.lock(session, exam_id)
            if exam is None or exam.release_due_at is None or not self._has_come(exam.release_due_at, now):
                return  # another worker was first
            exam.release_due_at = None
            session.flush()
            if exam.held_at is not None:
                return
            if exam.images_released_at is not None:
                self._tell_report(session, exam, exam.images_released_at)
                return
            opens_at = self._opens_at(session, exam.id)
            if opens_at is None:
                self._tell_report_alone(session, exam, now)
                return
            if not self._has_come(opens_at, now):
                exam.release_due_at = opens_at
                return
            self._open(session, exam, now)

    @property
    def _furthest(self) -> timedelta:
        """The longest time from now until an exam can be due."""
        return max(PAUSE_AFTER_FAULT, self.report_alone, self.delay if self.gate == GateKind.DELAY else timedelta())

    def _has_come(self, moment: datetime, now: datetime) -> bool:
        return has_come(moment, now, self._furthest)

    def _opens_at(self, session: Session, exam_id: uuid.UUID) -> datetime | None:
        """When the gate opens, as far as is known now; None when something must happen first."""
        studies = repo.matched_studies(session, exam_id)
        if not studies or not all(_prepared(study) for study in studies) or not repo.has_pictures(session, exam_id):
            return None
        last = max(study.last_instance_at for study in studies)
        if self.gate == GateKind.DELAY:
            return last + self.delay
        if self.gate == GateKind.FINAL_REPORT and repo.first_readable_report_at(session, exam_id) is None:
            return None
        return last

    def _open(self, session: Session, exam: Exam, now: datetime) -> None:
        exam.images_released_at = now
        exam.updated_at = now
        session.flush()
        raise_exam_revision(session, exam.id)
        session.refresh(exam)
        exam.release_due_at = None
        self.audit.record(session, Action.EXAM_RELEASED, actor="system", subject=exam_subject(exam.id), gate=self.gate)
        # released again after a withdrawal: this is a new occasion; the old one stays in the history
        self.telling.queue_news(session, exam, NotificationKind.IMAGES_READY, self.outbox.news(session, exam))

    def _tell_report_alone(self, session: Session, exam: Exam, now: datetime) -> None:
        """A report whose pictures have not come for long is news by itself; the pictures are told when they come."""
        report_at = repo.first_readable_report_at(session, exam.id)
        if report_at is None or exam.report_released_at is not None:
            return
        if not self._has_come(report_at + self.report_alone, now):
            exam.release_due_at = report_at + self.report_alone
            return
        exam.report_released_at = exam.updated_at = now
        session.flush()
        self.audit.record(session, Action.REPORT_RELEASED, actor="system", subject=exam_subject(exam.id))
        self.telling.queue_news(session, exam, NotificationKind.REPORT_READY, Wording.REPORT_READY)

    def _tell_report(self, session: Session, exam: Exam, released_at: datetime) -> None:
        """Queue news when the first readable report came after the pictures. An earlier report was told with the
        pictures."""
        report_at = repo.first_readable_report_at(session, exam.id)
        told_at = repo.latest_at(session, exam.id, NotificationKind.REPORT_READY)
        if report_at is None or report_at <= released_at or (told_at is not None and told_at >= released_at):
            return
        self.telling.queue_news(session, exam, NotificationKind.REPORT_READY, Wording.REPORT_READY)


def _prepared(study: Study) -> bool:
    return study.prepared_revision == study.revision and study.state == StudyState.PREPARED

"""Holds of exams: an exam is held until a correction or a member of staff lifts the hold. Why: docs/adr/0007, 0025.

While an exam is held, its patient sees neither pictures nor report and gets no message. services/exams/matching.py
decides which study contradicts an exam; each page and the outbox check `held_at`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import Conflict, NotFound
from app.models import Exam, Study, StudyOrder
from app.models.states import HoldReason, MatchReason, MatchState
from app.repos.exams import reports
from app.repos.exams import studies as exam_studies
from app.repos.exams.revision import raise_exam_revision
from app.repos.release import gate as release_repo
from app.services.audit.log import Action, Audit
from app.services.audit.reasons import LiftReason, checked_reason
from app.services.audit.subjects import exam_subject, study_subject

SYSTEM = "system"
LONGEST_HELD_NOTE = 64
UNPROVEN = (HoldReason.REPORT_OF_ANOTHER, HoldReason.PICTURES_OF_ANOTHER)
"""Nobody knows whose the report is; a study that matches shows it."""
PARTED_AT_ONCE = 100
"""Studies that are parted in one commit: few, so that other writers do not wait long."""


@dataclass(frozen=True, kw_only=True)
class Holds:
    """Decides whether an exam is held. Raises NotFound, InvalidInput, Conflict."""

    db: Database
    clock: Clock
    audit: Audit

    def withhold(self, exam_id: uuid.UUID, note: str, actor: str) -> None:
        """Staff hold an exam until staff lift the hold. `note`: why, at most 64 characters.

        Raises NotFound, InvalidInput (reason).
        """
        note = checked_reason(note, LONGEST_HELD_NOTE)
        with self.db.session() as session:
            exam = release_repo.lock(session, exam_id)
            if exam is None:
                raise NotFound
            if (exam.held_reason, exam.held_note) != (HoldReason.BY_STAFF, note):
                self._hold(session, exam, HoldReason.BY_STAFF, actor, note)

    def reconsider(self, session: Session, exam: Exam) -> None:
        """Hold the exam or lift its hold, by the state of its studies now. A hold by staff is never lifted here."""
        session.flush()
        if self._is_contradicted(session, exam):
            if exam.held_reason in (None, HoldReason.SENSITIVE):
                self._hold(session, exam, HoldReason.CONTRADICTED)
        elif exam.held_reason == HoldReason.CONTRADICTED:
            self._lift(session, exam, SYSTEM, LiftReason.NO_CONTRADICTION)
        elif exam.held_reason in UNPROVEN and release_repo.matched_studies(session, exam.id):
            self._lift(session, exam, SYSTEM, LiftReason.OWNER_SHOWN)

    def _is_contradicted(self, session: Session, exam: Exam) -> bool:
        """A study of which everything was rejected contradicts the exam until the corrected copies are there: before,
        nobody knows whose the report is."""
        if exam_studies.contradicting(session, exam.accession_number, 1, not_withdrawn=True):
            return True
        withdrawn = exam_studies.contradicting(session, exam.accession_number, 1)
        return bool(withdrawn) and not exam_studies.has_object_to_show(session, exam.id)

    def is_sensitive(self, session: Session, exam: Exam) -> None:
        """A rule of sensitive results fits: only staff show the exam to its patient. Another hold goes first."""
        if exam.held_at is None:
            self._hold(session, exam, HoldReason.SENSITIVE)

    def patient_changed(self, session: Session, exam: Exam) -> None:
        """The exam got another patient ID, so its report may belong to the former patient: hold the exam until a study
        matches or a human lifts the hold."""
        self._hold_unproven_report(session, exam, HoldReason.REPORT_OF_ANOTHER)

    def study_moved(self, session: Session, exam: Exam) -> None:
        """The corrected headers of a study of this exam name another order, so its report may be about pictures of
        that order: hold the exam until a study matches or a human lifts the hold."""
        self._hold_unproven_report(session, exam, HoldReason.PICTURES_OF_ANOTHER)

    def _hold_unproven_report(self, session: Session, exam: Exam, reason: HoldReason) -> None:
        unproven = reports.latest_report(session, exam.id) and not release_repo.matched_studies(session, exam.id)
        if unproven and exam.held_reason in (None, HoldReason.CONTRADICTED, HoldReason.SENSITIVE):
            self._hold(session, exam, reason)

    def release_hold(self, exam_id: uuid.UUID, note: str, actor: str, *, seen_revision: int | None = None) -> None:
        """Lift a hold after a human looked: matched studies belong to the exam, contradicting studies never will.

        `note`: what the human typed. `seen_revision`: the exam's revision that the human saw; later changes were not
        judged. Raises NotFound, InvalidInput (no note), Conflict (not held, or changed since it was seen).
        """
        note = checked_reason(note)
        while not self._release_some(exam_id, note, actor, seen_revision):
            pass  # the exam stays held until the last contradicting study is parted

    def _release_some(self, exam_id: uuid.UUID, note: str, actor: str, seen_revision: int | None) -> bool:
        """Part PARTED_AT_ONCE studies; after the last one lift the hold. False when there may be more."""
        with self.db.session() as session:
            exam = release_repo.lock(session, exam_id)
            if exam is None:
                raise NotFound
            if exam.held_at is None:
                raise Conflict("the exam is not held")
            if seen_revision not in (None, exam.revision):
                raise Conflict("the exam changed since it was looked at")
            found = exam_studies.contradicting(session, exam.accession_number, PARTED_AT_ONCE)
            for order, study in found:
                self._part(session, order, study, actor)
            if len(found) == PARTED_AT_ONCE:
                return False
            self._lift(session, exam, actor, LiftReason.BY_STAFF, note)
            return True

    def _part(self, session: Session, order: StudyOrder, study: Study, actor: str) -> None:
        """From this exam only: of the others that the study may be of, nobody said anything."""
        order.match_state, order.match_reason, order.match_detail = MatchState.DETACHED, MatchReason.PARTED, None
        order.exam_id = None
        subject = study_subject(study.study_instance_uid)
        self.audit.record(
            session,
            Action.STUDY_UNMATCHED,
            actor=actor,
            subject=subject,
            state=order.match_state,
            reason=order.match_reason,
        )

    def _hold(self, session: Session, exam: Exam, reason: HoldReason, actor: str = SYSTEM, note: str = "") -> None:
        exam.held_at = exam.held_at or self.clock.now()
        exam.held_reason, exam.held_note = reason, note or None
        self._changed(session, exam, Action.EXAM_HELD, actor, reason, note)

    def _lift(self, session: Session, exam: Exam, actor: str, reason: LiftReason, note: str = "") -> None:
        if exam.held_reason == HoldReason.SENSITIVE:
            newest = reports.latest_report(session, exam.id)
            exam.sensitive_at, exam.sensitive_released_version = None, newest.version if newest else 0
        exam.held_at = exam.held_reason = exam.held_note = None
        self._changed(session, exam, Action.EXAM_HOLD_LIFTED, actor, reason, note)
        if exam.sensitive_at is not None:  # what held it is over; a sensitive result still waits
            self._hold(session, exam, HoldReason.SENSITIVE)

    def _changed(
        self, session: Session, exam: Exam, action: Action, actor: str, reason: HoldReason | LiftReason, note: str
    ) -> None:
        exam.updated_at = self.clock.now()
        session.flush()
        raise_exam_revision(session, exam.id)
        detail = {"reason": reason, "note": note} if note else {"reason": reason}
        self.audit.record(session, action, actor=actor, subject=exam_subject(exam.id), **detail)

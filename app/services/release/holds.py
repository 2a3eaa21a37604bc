"""Exams that wait for a human: held, lifted by a correction, let go by staff. Why: docs/adr/0007.

While an exam is held its patient sees neither pictures nor report and is told nothing. What contradicts an exam is
`matching`'s to say; each page and the outbox look at `held_at`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import Conflict, InvalidInput, NotFound
from app.models import Exam, Study
from app.repos.exams import reports
from app.repos.exams import studies as exam_studies
from app.repos.exams.revision import raise_exam_revision
from app.repos.release import gate as release_repo
from app.services.audit.log import Action, Audit
from app.services.audit.reasons import checked_reason

SYSTEM = "system"
CONTRADICTED = "a study of its accession number names another patient"
"""Lifts by itself, as soon as no study contradicts the exam any more."""
REPORT_OF_ANOTHER = "its report was written for another patient ID"
"""Lifts by itself, as soon as a study that matches says whose exam it is."""
PARTED = "parted by a human"
"""The reason of studies that are `detached` for good: they stay away from the exam and hold it no more."""
LONGEST_HELD_REASON = 64
PARTED_AT_ONCE = 100
"""Studies that are parted in one commit: nobody who writes waits long for it."""


@dataclass(frozen=True, kw_only=True)
class Holds:
    """Decides whether an exam is held. Raises NotFound, InvalidInput, Conflict."""

    db: Database
    clock: Clock
    audit: Audit

    def hold(self, session: Session, exam: Exam, reason: str, actor: str = SYSTEM) -> None:
        """Withhold an exam, inside the caller's transaction. A human's reason stands above the machine's.

        Raises InvalidInput for a reason of more than 64 characters.
        """
        reason = checked_reason(reason, LONGEST_HELD_REASON)
        if exam.held_at is not None and reason in (CONTRADICTED, exam.held_reason):
            return
        exam.held_at = exam.held_at or self.clock.now()
        exam.held_reason = reason
        self._changed(session, exam, Action.EXAM_HELD, actor, reason=reason)

    def withhold(self, exam_id: uuid.UUID, reason: str, actor: str) -> None:
        """A human takes an exam from its patient, until a human lifts that. Raises NotFound, InvalidInput (reason)."""
        reason = checked_reason(reason, LONGEST_HELD_REASON)
        if reason in (CONTRADICTED, REPORT_OF_ANOTHER):
            raise InvalidInput("reason", "is one of those that lift by themselves")
        with self.db.session() as session:
            exam = release_repo.lock(session, exam_id)
            if exam is None:
                raise NotFound
            self.hold(session, exam, reason, actor)

    def reconsider(self, session: Session, exam: Exam) -> None:
        """Hold or lift as the exam's studies stand now. A human's hold is never lifted here."""
        session.flush()
        if exam_studies.contradicting_studies(session, exam.accession_number, PARTED, 1):
            self.hold(session, exam, CONTRADICTED)
        elif exam.held_reason == CONTRADICTED:
            self._lift(session, exam, SYSTEM, "no study contradicts it any more")
        elif exam.held_reason == REPORT_OF_ANOTHER and release_repo.matched_studies(session, exam.id):
            self._lift(session, exam, SYSTEM, "a study shows whose it is")

    def patient_changed(self, session: Session, exam: Exam) -> None:
        """The exam was given another patient ID: what was written before is shown when a study or a human says so."""
        unproven = reports.latest_report(session, exam.id) and not release_repo.matched_studies(session, exam.id)
        if unproven and exam.held_reason in (None, CONTRADICTED):
            self.hold(session, exam, REPORT_OF_ANOTHER)

    def release_hold(self, exam_id: uuid.UUID, reason: str, actor: str, *, seen_revision: int | None = None) -> None:
        """A human looked: what matches belongs to the exam, the studies that contradict it never will.

        `seen_revision`: the exam as it was looked at; what changed since then nobody has judged. Raises NotFound,
        InvalidInput (no reason), Conflict (not held, or changed since it was seen).
        """
        reason = checked_reason(reason)
        while not self._release_some(exam_id, reason, actor, seen_revision):
            pass  # the exam stays held until the last of them is parted

    def _release_some(self, exam_id: uuid.UUID, reason: str, actor: str, seen_revision: int | None) -> bool:
        """Part PARTED_AT_ONCE studies; with the last of them the hold is lifted. False when there are more."""
        with self.db.session() as session:
            exam = release_repo.lock(session, exam_id)
            if exam is None:
                raise NotFound
            if exam.held_at is None:
                raise Conflict("the exam is not held")
            if seen_revision not in (None, exam.revision):
                raise Conflict("the exam changed since it was looked at")
            found = exam_studies.contradicting_studies(session, exam.accession_number, PARTED, PARTED_AT_ONCE)
            for study in found:
                self._part(session, study, actor)
            if len(found) == PARTED_AT_ONCE:
                return False
            self._lift(session, exam, actor, reason)
            return True

    def _part(self, session: Session, study: Study, actor: str) -> None:
        study.match_state, study.match_reason, study.exam_id = "detached", PARTED, None
        subject = f"study:{study.study_instance_uid}"
        self.audit.record(
            session, Action.STUDY_UNMATCHED, actor=actor, subject=subject, state="detached", reason=PARTED
        )

    def _lift(self, session: Session, exam: Exam, actor: str, reason: str) -> None:
        exam.held_at = exam.held_reason = None
        self._changed(session, exam, Action.EXAM_HOLD_LIFTED, actor, reason=reason)

    def _changed(self, session: Session, exam: Exam, action: Action, actor: str, *, reason: str) -> None:
        exam.updated_at = self.clock.now()
        session.flush()
        raise_exam_revision(session, exam.id)
        self.audit.record(session, action, actor=actor, subject=f"exam:{exam.id.hex}", reason=reason)

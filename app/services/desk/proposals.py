"""Exams that a study without exam may be of: the desk gives it to one of them. Nobody sees the study before.

Proposed are exams of the same person only, compared as services/exams/matching.py compares them: what the desk settles
is which order is meant, never who the patient is. The lists are in `waiting`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.clock import CHINA
from app.database import Database
from app.errors import Conflict, FieldRefused, NotFound
from app.models import Exam, Study, StudyOrder
from app.models.base import accession_key
from app.models.states import MatchReason
from app.repos.desk import waiting as repo
from app.repos.exams import exams, orders
from app.repos.ingest import studies
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import study_subject
from app.services.exams.matching import Matching

OPEN = (MatchReason.NO_EXAM, MatchReason.NO_ACCESSION_NUMBER, MatchReason.CUT_SHORT)
"""Reasons why a study has no exam that say nothing against the patient."""
MOST = 3
LOOKED_AT = 20
"""The newest exams of a patient."""


@dataclass(frozen=True)
class Proposal:
    """`has_pictures`: it shows another study already."""

    exam_id: uuid.UUID
    accession_number: str
    modality: str
    body_part: str
    performed_at: datetime
    has_pictures: bool


@dataclass(frozen=True, kw_only=True)
class Proposals:
    """Decides which exams are proposed for a study, and gives it to one. Raises NotFound, Conflict."""

    db: Database
    audit: Audit
    matching: Matching

    def of(self, session: Session, order: StudyOrder, study: Study) -> tuple[Proposal, ...]:
        """At most three, the likeliest first: the one that its device cut the number from, then by how near the exam is
        to the day of the study."""
        if order.match_reason not in OPEN or study.patient_id_hash is None:
            return ()
        found = [
            exam
            for exam in repo.exams_of_patient_id(session, study.patient_id_hash, LOOKED_AT)
            if self._is_same_person(session, study, exam)
        ]
        found.sort(key=lambda exam: (exam.accession_number != order.match_detail, _days_apart(exam, study)))
        return tuple(
            Proposal(
                exam.id,
                exam.accession_number,
                exam.modality,
                exam.body_part,
                exam.performed_at,
                exam.images_released_at is not None,
            )
            for exam in found[:MOST]
        )

    def accept(self, order_id: uuid.UUID, seen: str, actor: str) -> None:
        """The study is of the exam with the accession number `seen`, which is what the page proposed. Raises NotFound,
        Conflict (the study has an exam by now, or that exam is another person's)."""
        with self.db.session() as session:
            found = orders.by_id(session, order_id)
            study = studies.lock(session, found.study_id) if found else None
            if found is None or study is None:
                raise NotFound
            session.refresh(found)  # it may have changed before the study was locked
            exam = exams.exam_by_accession(session, seen)
            if found.match_reason not in OPEN or exam is None or self.matching.differing(session, study, exam):
                raise Conflict("another exam is proposed, or none")
            if study.accession_number == found.accession_number:
                study.accession_number = exam.accession_number
            self._give(session, found, exam.accession_number)
            subject = study_subject(study.study_instance_uid)
            self.audit.record(
                session,
                Action.STUDY_LABELLED,
                actor=actor,
                subject=subject,
                fields=["accession_number"],
                exam=exam.id.hex,
            )
            self.matching.study_changed(session, study)

    def _is_same_person(self, session: Session, study: Study, exam: Exam) -> bool:
        try:
            return not self.matching.differing(session, study, exam)
        except FieldRefused:
            return False

    def _give(self, session: Session, order: StudyOrder, number: str) -> None:
        """Another header of the study may have named the exam already."""
        if any(accession_key(number) == each.accession_key for each in orders.of_study(session, order.study_id)):
            orders.remove(session, [order])
        else:
            order.accession_number = number
            session.flush()


def _days_apart(exam: Exam, study: Study) -> int:
    try:
        taken = datetime.strptime(str(study.attributes.get("StudyDate", "")), "%Y%m%d").replace(tzinfo=CHINA)
    except ValueError:
        taken = study.created_at
    return abs((exam.performed_at.astimezone(CHINA).date() - taken.date()).days)

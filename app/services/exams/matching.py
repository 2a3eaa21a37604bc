"""Studies to exams: by accession number and patient ID, cross-checked by name, sex and birth date.

Wrong patient is the worst bug: any difference keeps the study from every patient, and holds its exam, until a human or
a correction settles it. What the fields mean and how they compare is `identity`, holding is `holds`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.identity.matching import RegisteredIdentity, differences
from app.identity.sealed import open_identity
from app.models import Exam, Study
from app.models.states import MatchReason, MatchState
from app.repos.exams import exams as repo
from app.repos.exams import patients as patient_repo
from app.repos.exams import studies
from app.repos.exams.revision import raise_exam_revision
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import study_subject
from app.services.release.holds import SYSTEM, Holds

MOST_STUDIES = 100
"""Of one exam. An accession number that a device sends with every study is no exam's; all of them would be judged, and
their rows written, in one commit."""


@dataclass(frozen=True, kw_only=True)
class Matching:
    """Decides which exam a study belongs to, and whether its patient is that exam's. Every method works inside the
    caller's transaction and raises nothing of its own.
    """

    fields: FieldSealer
    audit: Audit
    holds: Holds

    def study_changed(self, session: Session, study: Study) -> None:
        """A study is new or got instances: find its exam, or say why it has none."""
        if study.match_state == MatchState.DETACHED:
            return
        exam = repo.exam_by_accession(session, study.accession_number)
        self._settle(session, study, exam)
        if exam is not None:
            self.holds.reconsider(session, exam)

    def exam_changed(self, session: Session, exam: Exam) -> None:
        """An exam is new or its identity was corrected: what belongs to it is judged again, and what may belong to it
        until it has MOST_STUDIES. A study that nobody judged belongs to no exam, and no patient sees it."""
        session.flush()
        for study in studies.studies_of_accession(session, exam.accession_number, MOST_STUDIES):
            self._settle(session, study, exam)
        self.holds.reconsider(session, exam)

    def header_differs(self, session: Session, study: Study) -> None:
        """A later instance names somebody else than the study's first: a human must look, unless one did already."""
        if study.match_reason == MatchReason.PARTED:
            return
        self._part(session, study, MatchState.DETACHED, MatchReason.SEVERAL_PATIENTS)
        exam = repo.exam_by_accession(session, study.accession_number)
        if exam is not None:
            self.holds.reconsider(session, exam)

    def _settle(self, session: Session, study: Study, exam: Exam | None) -> None:
        if exam is None:
            reason = MatchReason.NO_EXAM if study.accession_number else MatchReason.NO_ACCESSION_NUMBER
            self._part(session, study, MatchState.UNMATCHED, reason)
            return
        found = differences(
            open_identity(self.fields, study),
            self.registered(session, exam),
            empty_matches=study.is_demo,
        )
        if found:
            self._part(session, study, MatchState.MISMATCH, MatchReason.DIFFERS, ", ".join(found))
        elif study.exam_id != exam.id and studies.count_of_exam(session, exam.id) >= MOST_STUDIES:
            self._part(session, study, MatchState.UNMATCHED, MatchReason.TOO_MANY_STUDIES)
        elif (study.match_state, study.exam_id) != (MatchState.MATCHED, exam.id):
            study.match_state, study.exam_id = MatchState.MATCHED, exam.id
            study.match_reason = study.match_detail = None
            session.flush()
            raise_exam_revision(session, exam.id)
            self._record(session, Action.STUDY_MATCHED, study, exam=exam.id.hex)

    def registered(self, session: Session, exam: Exam) -> RegisteredIdentity:
        patient = patient_repo.patient(session, exam.patient_id)
        return RegisteredIdentity(
            patient_id=self.fields.open_of(patient, "patient_id_sealed"),
            name=self.fields.open_of(patient, "name_sealed"),
            sex=patient.sex,
            birth_date=self.fields.open_of(patient, "birth_date_sealed"),
        )

    def _part(
        self, session: Session, study: Study, state: MatchState, reason: MatchReason, fields: str | None = None
    ) -> None:
        if (study.match_state, study.match_reason, study.match_detail, study.exam_id) == (state, reason, fields, None):
            return
        former = study.exam_id
        study.match_state, study.match_reason, study.match_detail = state, reason, fields
        study.exam_id = None
        session.flush()
        if former is not None:
            raise_exam_revision(session, former)
        detail = {"fields": fields} if fields else {}
        self._record(session, Action.STUDY_UNMATCHED, study, state=state, reason=reason, **detail)

    def _record(self, session: Session, action: Action, study: Study, **detail: str) -> None:
        self.audit.record(session, action, actor=SYSTEM, subject=study_subject(study.study_instance_uid), **detail)

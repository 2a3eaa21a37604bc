"""Matches studies with exams: by accession number and patient ID, checked again by name, sex and birth date.

The wrong patient is the worst bug. When anything differs, no patient sees the study, and its exam is held until a human
or a correction settles the difference. Fields are compared in app/identity; holds are in services/release.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.identity.matching import RegisteredIdentity, differences
from app.identity.sealed import open_identity
from app.models import Exam, Study
from app.models.exam import LONGEST_IN_DICOM
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
"""Studies of one exam. A faulty device may send one accession number with every study; without a limit one commit would
judge and write all of them."""


@dataclass(frozen=True, kw_only=True)
class Matching:
    """Decides which exam a study belongs to, and whether both have the same patient. Every method works inside the
    caller's transaction and raises nothing of its own."""

    fields: FieldSealer
    audit: Audit
    holds: Holds

    def study_changed(self, session: Session, study: Study) -> None:
        """For a study that is new or got instances: find its exam, or note why it has none."""
        if study.match_state == MatchState.DETACHED:
            return
        exam = repo.exam_by_accession(session, study.accession_number)
        self._settle(session, study, exam)
        if exam is not None:
            self.holds.reconsider(session, exam)

    def exam_changed(self, session: Session, exam: Exam) -> None:
        """For an exam that is new or corrected: judge the studies of its accession number again, MOST_STUDIES at most,
        first those that belong to it. A study that was never judged belongs to no exam, and no patient sees it."""
        session.flush()
        for study in studies.studies_of_accession(session, exam.accession_number, MOST_STUDIES):
            self._settle(session, study, exam)
        if exam.cut_accession_key is not None:
            for study in studies.unmatched_of_key(session, exam.cut_accession_key, MOST_STUDIES):
                self.study_changed(session, study)
        self.holds.reconsider(session, exam)

    def header_differs(self, session: Session, study: Study) -> None:
        """For a study with an instance of another patient: a human must look, unless a human already did."""
        if study.match_reason == MatchReason.PARTED:
            return
        self._part(session, study, MatchState.DETACHED, MatchReason.SEVERAL_PATIENTS)
        exam = repo.exam_by_accession(session, study.accession_number)
        if exam is not None:
            self.holds.reconsider(session, exam)

    def partly_corrected(self, session: Session, study: Study) -> None:
        """Some headers of a study were corrected, and the others still say something else: no patient sees it until
        all say the same. What a human, or a stranger's object, decided before stays."""
        if study.match_state == MatchState.DETACHED:
            return
        self._part(session, study, MatchState.DETACHED, MatchReason.PARTLY_CORRECTED)
        exam = repo.exam_by_accession(session, study.accession_number)
        if exam is not None:
            self.holds.reconsider(session, exam)

    def study_corrected(self, session: Session, study: Study, former_accession_number: str) -> None:
        """All headers of a study say another thing than before: it is judged anew, whatever was decided of it. Nobody
        knows whose the report is that the exam of its former accession number may have."""
        has_moved = study.accession_number != former_accession_number
        if study.match_state == MatchState.DETACHED or has_moved:
            self._part(session, study, MatchState.UNMATCHED, MatchReason.NO_EXAM)
        self.study_changed(session, study)
        former = repo.exam_by_accession(session, former_accession_number) if has_moved else None
        if former is not None:
            self.holds.patient_changed(session, former)
            self.holds.reconsider(session, former)

    def correction_undone(self, session: Session, study: Study) -> None:
        """The headers of a partly corrected study say the same again, as before: only what that did is over."""
        if study.match_reason == MatchReason.PARTLY_CORRECTED:
            self._part(session, study, MatchState.UNMATCHED, MatchReason.NO_EXAM)
            self.study_changed(session, study)

    def instances_rejected(self, session: Session, study: Study) -> None:
        """Objects of a study were withdrawn by a rejection note: it may have been what contradicted its exam."""
        exam = repo.exam_by_accession(session, study.accession_number)
        if exam is not None:
            self.holds.reconsider(session, exam)

    def _settle(self, session: Session, study: Study, exam: Exam | None) -> None:
        if exam is None:
            whole = self._whole_number(session, study)
            reason = MatchReason.NO_EXAM if study.accession_number else MatchReason.NO_ACCESSION_NUMBER
            self._part(session, study, MatchState.UNMATCHED, MatchReason.CUT_SHORT if whole else reason, whole)
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

    def _whole_number(self, session: Session, study: Study) -> str | None:
        """The accession number of the one exam that this study's may be cut from, and whose patient is the same. Two
        such exams of one patient leave it open which one is meant."""
        if len(study.accession_key) != LONGEST_IN_DICOM:
            return None
        header = open_identity(self.fields, study)
        same = [
            exam.accession_number
            for exam in repo.cut_to(session, study.accession_number, MOST_STUDIES)
            if not differences(header, self.registered(session, exam), empty_matches=study.is_demo)
        ]
        return same[0] if len(same) == 1 else None

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
        detail = {"fields": fields} if fields and reason == MatchReason.DIFFERS else {}
        self._record(session, Action.STUDY_UNMATCHED, study, state=state, reason=reason, **detail)

    def _record(self, session: Session, action: Action, study: Study, **detail: str) -> None:
        self.audit.record(session, action, actor=SYSTEM, subject=study_subject(study.study_instance_uid), **detail)

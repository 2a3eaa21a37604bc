"""Matches studies with exams: by accession number and patient ID, checked again by name, sex and birth date. A study of
several orders is matched with the exam of each (docs/adr/0017).

The wrong patient is the worst bug. When anything differs, no patient sees the study, and its exam is held until a human
or a correction settles the difference. Fields are compared in app/identity; holds are in services/release.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.identity.matching import PatientField, RegisteredIdentity, differences
from app.identity.sealed import open_identity
from app.models import Exam, Study, StudyOrder
from app.models.exam import LONGEST_IN_DICOM
from app.models.states import MatchReason, MatchState
from app.repos.exams import exams as repo
from app.repos.exams import orders, studies
from app.repos.exams import patients as patient_repo
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
    """Decides which exams a study belongs to, and whether both have the same patient. Every method works inside the
    caller's transaction and raises nothing of its own."""

    fields: FieldSealer
    audit: Audit
    holds: Holds

    def study_changed(self, session: Session, study: Study) -> None:
        """For a study that is new or got instances: find the exams of its orders, or note why it has none. Each order
        is judged for itself."""
        named = orders.of_study(session, study.id)
        judged = [order for order in named if order.match_reason or order.exam_id]
        for order in named:
            if order not in judged and judged and all(each.match_state == MatchState.DETACHED for each in judged):
                # named late, by a study that a human or a stranger's object had parted from all others
                self._part(session, study, order, MatchState.DETACHED, MatchReason(judged[0].match_reason or ""))
            if order.match_state != MatchState.DETACHED:
                self._settle(session, study, order, repo.exam_by_accession(session, order.accession_number))
        self._reconsider(session, named)

    def exam_changed(self, session: Session, exam: Exam) -> None:
        """For an exam that is new or corrected: judge the studies of its accession number again, MOST_STUDIES at most,
        first those that belong to it. A study that was never judged belongs to no exam, and no patient sees it."""
        session.flush()
        for order, study in studies.of_accession(session, exam.accession_number, MOST_STUDIES):
            self._settle(session, study, order, exam)
        if exam.cut_accession_key is not None:
            for order, study in studies.unmatched_of_key(session, exam.cut_accession_key, MOST_STUDIES):
                self._settle(session, study, order, repo.exam_by_accession(session, order.accession_number))
        self.holds.reconsider(session, exam)

    def header_differs(self, session: Session, study: Study) -> None:
        """For a study with an instance of another patient: a human must look, unless a human already did."""
        named = orders.of_study(session, study.id)
        for order in named:
            if order.match_reason != MatchReason.PARTED:
                self._part(session, study, order, MatchState.DETACHED, MatchReason.SEVERAL_PATIENTS)
        self._reconsider(session, named)

    def partly_corrected(self, session: Session, study: Study) -> None:
        """Some headers of a study were corrected, and the others still say something else: no patient sees it until
        all say the same. What a human, or a stranger's object, decided before stays."""
        named = orders.of_study(session, study.id)
        for order in named:
            if order.match_state != MatchState.DETACHED:
                self._part(session, study, order, MatchState.DETACHED, MatchReason.PARTLY_CORRECTED)
        self._reconsider(session, named)

    def study_corrected(self, session: Session, study: Study, former: Collection[str]) -> None:
        """All headers of a study say another thing than before: it is judged anew, whatever was decided of it. Nobody
        knows whose the reports are that exams may have of which it is no more: `former`, their accession numbers."""
        for order in orders.of_study(session, study.id):
            if order.match_state == MatchState.DETACHED:
                self._part(session, study, order, MatchState.UNMATCHED, MatchReason.NO_EXAM)
        self.study_changed(session, study)
        for number in former:
            exam = repo.exam_by_accession(session, number)
            if exam is not None:
                raise_exam_revision(session, exam.id)
                self.holds.study_moved(session, exam)
                self.holds.reconsider(session, exam)

    def correction_undone(self, session: Session, study: Study) -> None:
        """The headers of a partly corrected study say the same again, as before: only what that did is over."""
        undone = [
            order for order in orders.of_study(session, study.id) if order.match_reason == MatchReason.PARTLY_CORRECTED
        ]
        for order in undone:
            self._part(session, study, order, MatchState.UNMATCHED, MatchReason.NO_EXAM)
        if undone:
            self.study_changed(session, study)

    def instances_rejected(self, session: Session, study: Study) -> None:
        """Objects of a study were withdrawn by a rejection note: it may have been what contradicted its exams."""
        self._reconsider(session, orders.of_study(session, study.id))

    def _reconsider(self, session: Session, named: Iterable[StudyOrder]) -> None:
        for order in named:
            exam = repo.exam_by_accession(session, order.accession_number)
            if exam is not None:
                self.holds.reconsider(session, exam)

    def _settle(self, session: Session, study: Study, order: StudyOrder, exam: Exam | None) -> None:
        if exam is None:
            whole = self._whole_number(session, study, order)
            reason = MatchReason.NO_EXAM if order.accession_key else MatchReason.NO_ACCESSION_NUMBER
            reason = MatchReason.CUT_SHORT if whole else reason
            self._part(session, study, order, MatchState.UNMATCHED, reason, whole)
            return
        found = self.differing(session, study, exam)
        if found:
            self._part(session, study, order, MatchState.MISMATCH, MatchReason.DIFFERS, ", ".join(found))
        elif order.exam_id != exam.id and studies.count_of_exam(session, exam.id) >= MOST_STUDIES:
            self._part(session, study, order, MatchState.UNMATCHED, MatchReason.TOO_MANY_STUDIES)
        elif (order.match_state, order.exam_id) != (MatchState.MATCHED, exam.id):
            order.match_state, order.exam_id = MatchState.MATCHED, exam.id
            order.match_reason = order.match_detail = None
            session.flush()
            raise_exam_revision(session, exam.id)
            self._record(session, Action.STUDY_MATCHED, study, exam=exam.id.hex)

    def _whole_number(self, session: Session, study: Study, order: StudyOrder) -> str | None:
        """The accession number of the one exam that this order's may be cut from, and whose patient is the same. Two
        such exams of one patient leave it open which one is meant."""
        if len(order.accession_key) != LONGEST_IN_DICOM:
            return None
        same = [
            exam.accession_number
            for exam in repo.cut_to(session, order.accession_number, MOST_STUDIES)
            if not self.differing(session, study, exam)
        ]
        return same[0] if len(same) == 1 else None

    def differing(self, session: Session, study: Study, exam: Exam) -> list[PatientField]:
        """The fields in which the patient of a study's headers is not the exam's; none means the same person."""
        header = open_identity(self.fields, study)
        return differences(header, self.registered(session, exam), empty_matches=study.is_demo)

    def registered(self, session: Session, exam: Exam) -> RegisteredIdentity:
        patient = patient_repo.patient(session, exam.patient_id)
        return RegisteredIdentity(
            patient_id=self.fields.open_of(patient, "patient_id_sealed"),
            name=self.fields.open_of(patient, "name_sealed"),
            sex=patient.sex,
            birth_date=self.fields.open_of(patient, "birth_date_sealed"),
        )

    def _part(
        self,
        session: Session,
        study: Study,
        order: StudyOrder,
        state: MatchState,
        reason: MatchReason,
        detail: str | None = None,
    ) -> None:
        if (order.match_state, order.match_reason, order.match_detail, order.exam_id) == (state, reason, detail, None):
            return
        former = order.exam_id
        order.match_state, order.match_reason, order.match_detail = state, reason, detail
        order.exam_id = None
        session.flush()
        if former is not None:
            raise_exam_revision(session, former)
        fields = {"fields": detail} if detail and reason == MatchReason.DIFFERS else {}
        self._record(session, Action.STUDY_UNMATCHED, study, state=state, reason=reason, **fields)

    def _record(self, session: Session, action: Action, study: Study, **detail: str) -> None:
        self.audit.record(session, action, actor=SYSTEM, subject=study_subject(study.study_instance_uid), **detail)

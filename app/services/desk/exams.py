"""What the service desk does with one exam: see all of it, end all access, let its patient in. Each of these is
audited.

Sending again is in `messages`, searching in `exam_search`, the lists of what waits in `waiting`, the patient's side in
`patient_sees` and `phone_numbers`, printing in the room `paper`, holding in the room `release`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import NotFound
from app.models import AuditEvent, CancelReason, Exam
from app.models.states import FamilyEnd, MatchState
from app.repos.audit import log as audit_repo
from app.repos.binding.codes import Person
from app.repos.desk import studies as repo
from app.repos.desk.studies import NamedOrder
from app.repos.exams import exams as exam_repo
from app.repos.exams import patients
from app.repos.family import grants
from app.security.fields import FieldSealer
from app.services.audit.former_reasons import Why, why
from app.services.audit.log import Action, Audit
from app.services.audit.reasons import RevokeReason, checked_reason
from app.services.audit.refused_fields import FieldReader, RefusedFields
from app.services.audit.subjects import exam_subject, patient_subject
from app.services.binding.binding import Binding
from app.services.desk.messages import Messages, NotificationView
from app.services.desk.sides import PersonAtDesk, in_header
from app.services.exams.reports import Reports, ReportView
from app.services.exams.views import ExamView, ExamViews
from app.services.notifications.opt_outs import OptOuts
from app.services.notifications.outbox import Outbox
from app.services.patient_access.codes import AccessCodes
from app.services.patient_access.one_time_codes import OneTimeCodes
from sms.phone import mask

NEWEST_EVENTS = 100
OF_INTEREST = frozenset(
    {
        Action.ACCESS_GRANTED,
        Action.ACCESS_FAILED,
        Action.ACCESS_ENDED,
        Action.KNOWLEDGE_FACTOR_OFF,
        Action.ONE_TIME_CODE_SENT,
        Action.EXAM_VIEWED,
        Action.IMAGES_VIEWED,
        Action.REPORT_DOWNLOADED,
        Action.IMAGES_DOWNLOADED,
        Action.SHARE_CREATED,
        Action.SHARE_OPENED,
        Action.SHARE_REVOKED,
        Action.HAND_OVER_OPENED,
        Action.HAND_OVER_REFUSED,
        Action.HELPER_CODE_GIVEN,
        Action.HELPER_CODE_OPENED,
        Action.HELPER_CODE_REVOKED,
        Action.STAFF_GAVE_HELPER_CODE,
        Action.QR_PRINTED,
        Action.CODE_REVOKED,
        Action.EXAM_FIELD_LEFT_OUT,
        Action.EXAM_HELD,
        Action.EXAM_HOLD_LIFTED,
        Action.EXAM_RELEASED,
        Action.REPORT_RELEASED,
        Action.STAFF_VIEWED_EXAM,
        Action.STAFF_RESENT,
        Action.STAFF_QUEUED_AGAIN,
        Action.STAFF_REVOKED,
        Action.STAFF_LET_IN,
        Action.STAFF_CORRECTED_PHONE,
        Action.STAFF_VIEWED_AS_PATIENT,
        Action.TEXT_MESSAGES_REFUSED,
        Action.TEXT_MESSAGES_WANTED,
        Action.STAFF_LET_BIND,
        Action.STAFF_UNBOUND,
    }
)
"""What people did with the exam. Of automatic actions only those that the desk asks about."""


@dataclass(frozen=True)
class OtherExam:
    """An exam that shows the same study."""

    id: uuid.UUID
    accession_number: str


@dataclass(frozen=True)
class StudyAtDesk:
    """A study as one of its orders has it: `id`, `accession_number`, `match_state`, `match_reason` and `match_detail`
    are those of the model StudyOrder."""

    id: uuid.UUID
    accession_number: str
    last_instance_at: datetime
    state: str
    match_state: str
    match_reason: str | None
    match_detail: str | None
    instances: int
    others: tuple[OtherExam, ...]
    header: PersonAtDesk | None
    """Whom its headers name, of one that the exam does not show; None also when that does not open."""


@dataclass(frozen=True)
class EventAtDesk:
    """`by`: the kind of actor (patient, machine, system), or `staff:` and the username."""

    at: datetime
    action: str
    by: str
    why: Why


@dataclass(frozen=True)
class ExamAtDesk:
    """`revision`: all other fields are at least as new. `held_reason`, `held_note`: why the patient sees nothing."""

    exam: ExamView
    revision: int
    held_reason: str | None
    held_note: str | None
    phone_masked: str | None
    opted_out: bool
    """The phone number wants no news by text message."""
    studies: tuple[StudyAtDesk, ...]
    reports: tuple[ReportView, ...]
    messages: tuple[NotificationView, ...]
    events: tuple[EventAtDesk, ...]


@dataclass(frozen=True, kw_only=True)
class ExamsAtDesk:
    """Decides what the desk sees of one exam and may do with it. Raises NotFound, InvalidInput."""

    db: Database
    clock: Clock
    audit: Audit
    fields: FieldSealer
    refused: RefusedFields
    exams: ExamViews
    reports: Reports
    access_codes: AccessCodes
    outbox: Outbox
    messages: Messages
    one_time_codes: OneTimeCodes
    opt_outs: OptOuts
    binding: Binding

    def exam(self, exam_id: uuid.UUID, actor: str) -> ExamAtDesk:
        """Everything the desk may know of an exam. Raises NotFound."""
        with self.db.read() as session:  # read first: with a later revision the page would claim to be newer than it is
            row = exam_repo.exam(session, exam_id)
        if row is None:
            raise NotFound
        view = self.exams.by_id(exam_id)
        with self.db.session() as session:
            self.audit.record(session, Action.STAFF_VIEWED_EXAM, actor=actor, subject=exam_subject(exam_id))
            studies = repo.studies(session, view.accession_number)
            others = repo.other_exams(session, [study.id for _, study, _ in studies], exam_id)
            events = audit_repo.of_subject(session, exam_subject(exam_id), OF_INTEREST, NEWEST_EVENTS)
        reader = FieldReader(self.fields)
        found = ExamAtDesk(
            exam=view,
            revision=row.revision,
            held_reason=row.held_reason,
            held_note=row.held_note,
            opted_out=self.opt_outs.is_of(view.patient.phone),
            phone_masked=mask(view.patient.phone) if view.patient.phone else None,
            studies=tuple(_study(reader, named, others.get(named.study.id, ())) for named in studies),
            reports=tuple(self.reports.versions(exam_id)),
            messages=tuple(self.messages.history(exam_id)),
            events=tuple(_event(event) for event in events),
        )
        self.refused.record_all(reader.refused)
        return found

    def revoke(self, exam_id: uuid.UUID, note: str, actor: str) -> None:
        """End every code and session of an exam at once, and every grant by which relatives see this patient's exams.
        `note`: why. Raises NotFound, InvalidInput (reason)."""
        note = checked_reason(note)
        with self.db.session() as session:
            exam = exam_repo.exam(session, exam_id)
            if exam is None:
                raise NotFound
            self.outbox.cancel(session, exam_id, CancelReason.REVOKED_AT_DESK)
            self.access_codes.revoke_all(session, exam, actor, RevokeReason.BY_STAFF, note)
            self._end_family(session, exam, note, actor)
            self.audit.record(session, Action.STAFF_REVOKED, actor=actor, subject=exam_subject(exam_id), note=note)

    def _end_family(self, session: Session, exam: Exam, note: str, actor: str) -> None:
        patient = patients.patient(session, exam.patient_id)
        member, subject = Person(patient.name_hash, patient.id_number_hash), patient_subject(patient.id)
        for grant_id in grants.end_of_member(session, member, self.clock.now(), FamilyEnd.STAFF):
            self.audit.record(
                session, Action.STAFF_ENDED_FAMILY, actor=actor, subject=subject, note=note, grant=grant_id.hex
            )

    def let_in(self, exam_id: uuid.UUID, note: str, actor: str) -> str:
        """Make a one-time code for a person whom the desk identified. This person scans the QR and types the code.

        Raises NotFound, InvalidInput (reason).
        """
        note = checked_reason(note)
        with self.db.session() as session:
            exam = exam_repo.exam(session, exam_id)
            if exam is None:
                raise NotFound
            code = self.one_time_codes.for_the_desk(session, exam)
            self.audit.record(session, Action.STAFF_LET_IN, actor=actor, subject=exam_subject(exam_id), note=note)
        return code

    def let_bind(self, exam_id: uuid.UUID, note: str, actor: str) -> str:
        """Make a code with which a person whom the desk identified binds a WeChat account, whatever phone is on file.

        Raises NotFound, InvalidInput (reason).
        """
        note = checked_reason(note)
        with self.db.session() as session:
            exam = exam_repo.exam(session, exam_id)
            if exam is None:
                raise NotFound
            code = self.binding.for_the_desk(session, exam)
            self.audit.record(session, Action.STAFF_LET_BIND, actor=actor, subject=exam_subject(exam_id), note=note)
        return code

    def unbind(self, exam_id: uuid.UUID, note: str, actor: str) -> None:
        """End every WeChat binding of the exam's person, with its sessions. Raises NotFound, InvalidInput (reason)."""
        note = checked_reason(note)
        with self.db.session() as session:
            exam = exam_repo.exam(session, exam_id)
            if exam is None:
                raise NotFound
            ended = self.binding.entering.unbind_all(session, exam.patient_id, actor)
            subject = exam_subject(exam_id)
            self.audit.record(session, Action.STAFF_UNBOUND, actor=actor, subject=subject, note=note, accounts=ended)


def _study(reader: FieldReader, named: NamedOrder, others: Sequence[Exam]) -> StudyAtDesk:
    order, study, instances = named
    return StudyAtDesk(
        order.id,
        order.accession_number,
        study.last_instance_at,
        study.state,
        order.match_state,
        order.match_reason,
        order.match_detail,
        instances,
        tuple(OtherExam(exam.id, exam.accession_number) for exam in others),
        in_header(reader, study) if order.match_state != MatchState.MATCHED else None,
    )


def _event(event: AuditEvent) -> EventAtDesk:
    kind = event.actor.partition(":")[0]
    by = event.actor if kind == "staff" else kind.partition("-")[0]
    return EventAtDesk(event.at, event.action, by, why(event.detail))

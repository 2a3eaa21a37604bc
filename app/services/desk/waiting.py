"""What waits for the desk: studies that no exam shows, held exams, exams without pictures. Both sides are shown, so
that the desk sees what differs. Giving a study to an exam is in `proposals`, lifting a hold in the room `release`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from app.database import Database
from app.models import Exam, Patient
from app.repos.desk import studies as repo
from app.repos.desk import waiting
from app.repos.desk.studies import NamedOrder
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.refused_fields import FieldReader, RefusedFields
from app.services.desk.proposals import Proposal, Proposals
from app.services.desk.sides import PersonAtDesk, in_header, registered
from app.services.paging import TOP, Asked, Key, Page, paged

SHOWN = 50
"""Rows of a page: each is read for both sides, and a list of people is no longer than the desk can work through."""


@dataclass(frozen=True)
class WaitingStudy:
    """An order of a study that no exam shows. `header`, `registered`: None when a sealed field does not open, and
    `registered` also when no exam has the number. `state`, `match_reason` and the like as in the model StudyOrder."""

    id: uuid.UUID
    accession_number: str
    last_instance_at: datetime
    match_state: str
    match_reason: str | None
    match_detail: str | None
    instances: int
    header: PersonAtDesk | None
    modalities: tuple[str, ...]
    stations: tuple[str, ...]
    taken_on: str
    exam_id: uuid.UUID | None
    registered: PersonAtDesk | None
    registered_at: datetime | None
    registered_modality: str
    proposals: tuple[Proposal, ...]


@dataclass(frozen=True)
class HeldExam:
    id: uuid.UUID
    accession_number: str
    patient_name: str | None
    modality: str
    body_part: str
    held_at: datetime
    held_reason: str
    held_note: str | None


@dataclass(frozen=True)
class ExamWithoutPictures:
    """Its patient was told of the report alone at `told_at`."""

    id: uuid.UUID
    accession_number: str
    modality: str
    body_part: str
    performed_at: datetime
    told_at: datetime


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Decides what is on the desk's lists. What does not open is left out of its row. Raises InvalidInput (no key of a
    page)."""

    db: Database
    fields: FieldSealer
    audit: Audit
    refused: RefusedFields
    proposals: Proposals

    def studies(self, actor: str, asked: Asked = TOP) -> Page[WaitingStudy]:
        """The newest studies that wait for a correction in the RIS or at the modality, or for the desk. Audited: it
        names people."""
        reader = FieldReader(self.fields)
        with self.db.read() as session:
            page = paged(asked, SHOWN, partial(repo.not_matched, session), _key_of_waiting)
            taken = repo.taken(session, [study.id for _, study, _ in page.rows])
            rows = tuple(self._row(session, reader, named, taken.get(named.study.id, ())) for named in page.rows)
        self.refused.record_all(reader.refused)
        with self.db.session() as session:
            self.audit.record(session, Action.STAFF_VIEWED_WAITING, actor=actor, subject=actor, found=len(rows))
        return Page(rows, page.newer, page.older)

    def held(self, asked: Asked = TOP) -> Page[HeldExam]:
        """The exams that were held last."""
        reader = FieldReader(self.fields)
        with self.db.read() as session:
            page = paged(asked, SHOWN, partial(waiting.held, session), _key_of_held)
            rows = tuple(
                HeldExam(
                    exam.id,
                    exam.accession_number,
                    reader.open_of(patient, "name_sealed"),
                    exam.modality,
                    exam.body_part,
                    exam.held_at,
                    exam.held_reason or "",
                    exam.held_note,
                )
                for exam, patient in page.rows
                if exam.held_at is not None
            )
        self.refused.record_all(reader.refused)
        return Page(rows, page.newer, page.older)

    def without_pictures(self, asked: Asked = TOP) -> Page[ExamWithoutPictures]:
        """The newest exams that have a report and no pictures: somebody may look for them at the modality."""
        with self.db.read() as session:
            page = paged(asked, SHOWN, partial(waiting.without_pictures, session), _key_of_told)
            rows = tuple(
                ExamWithoutPictures(
                    exam.id, exam.accession_number, exam.modality, exam.body_part, exam.performed_at, exam.told_from
                )
                for exam in page.rows
                if exam.told_from is not None
            )
        return Page(rows, page.newer, page.older)

    def _row(
        self, session: Session, reader: FieldReader, named: NamedOrder, taken: Sequence[repo.TakenAt]
    ) -> WaitingStudy:
        order, study, instances = named
        header = in_header(reader, study)
        pair = waiting.exam_of(session, order.accession_key) if order.accession_key else None
        return WaitingStudy(
            id=order.id,
            accession_number=order.accession_number,
            last_instance_at=study.last_instance_at,
            match_state=order.match_state,
            match_reason=order.match_reason,
            match_detail=order.match_detail,
            instances=instances,
            header=header,
            modalities=_each_once([at.modality for at in taken]),
            stations=_each_once([at.station for at in taken]),
            taken_on=str(study.attributes.get("StudyDate", "")),
            exam_id=pair[0].id if pair else None,
            registered=registered(reader, pair[1]) if pair else None,
            registered_at=pair[0].performed_at if pair else None,
            registered_modality=f"{pair[0].body_part} {pair[0].modality}" if pair else "",
            proposals=self.proposals.of(session, order, study) if header else (),
        )


def _key_of_waiting(named: NamedOrder) -> Key:
    return named.order.named_at, named.order.id


def _key_of_held(pair: tuple[Exam, Patient]) -> Key:
    exam, _ = pair
    assert exam.held_at is not None  # what the list is of
    return exam.held_at, exam.id


def _key_of_told(exam: Exam) -> Key:
    assert exam.report_released_at is not None  # what the list is of
    return exam.report_released_at, exam.id


def _each_once(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))

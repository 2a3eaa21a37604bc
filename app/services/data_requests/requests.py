"""Requests of patients about their own data: made and taken back by the patient, answered by the desk. What is kept is
in `kept`.

PIPL (个人信息保护法) articles 44 to 50: the right to know, to copy, to correct and to delete; a refusal says why. An
answer is due in fifteen days.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import Conflict, InvalidInput, NotFound
from app.models import DataRequest, DataRequestStep, Patient
from app.models.states import DataRequestKind, DataRequestState
from app.repos.data_requests import requests as repo
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.refused_fields import FieldReader, RefusedFields
from app.services.audit.subjects import patient_subject
from app.services.paging import TOP, Asked, Key, Page, paged

DUE_IN = timedelta(days=15)
MOST_OPEN = 5
"""Of one person at a time."""
MOST_A_DAY = 10
"""Of one person, also taken back: each one leaves rows that stay."""
LONGEST = 500
"""Characters of a wish and of an answer."""
SHOWN = 50
"""Rows of a page."""
ANSWERS = (DataRequestState.DONE, DataRequestState.REFUSED)


@dataclass(frozen=True)
class Step:
    """`words`: None when they do not open."""

    state: str
    words: str | None = field(repr=False)
    at: datetime


@dataclass(frozen=True)
class RequestView:
    """`steps`: the oldest first; the first one is what the patient wrote."""

    id: uuid.UUID
    kind: str
    state: str
    created_at: datetime
    due_at: datetime
    is_open: bool
    is_late: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class RequestAtDesk:
    """`exam_id`: an exam of the patient, where the desk finds all else."""

    request: RequestView
    patient_name: str | None = field(repr=False)
    exam_id: uuid.UUID | None


@dataclass(frozen=True, kw_only=True)
class DataRequests:
    """Decides what may be asked and answered. Raises InvalidInput, Conflict, NotFound."""

    db: Database
    clock: Clock
    fields: FieldSealer
    audit: Audit
    refused: RefusedFields

    def ask(self, patient_ids: Collection[uuid.UUID], kind: str, wish: str, actor: str) -> None:
        """A patient asks. `patient_ids`: the registrations of the person, the first one is meant. `kind`: a
        DataRequestKind. Raises InvalidInput (kind, wish), Conflict when as many wait, or were made in a day, as may."""
        if kind not in set(DataRequestKind):
            raise InvalidInput("kind", "must be correction or deletion")
        wish = _checked("wish", wish)
        with self.db.session() as session:
            repo.lock_patients(session, patient_ids)
            now, patient_id = self.clock.now(), next(iter(patient_ids))
            if repo.count_open(session, patient_ids) >= MOST_OPEN:
                raise Conflict("the earlier requests were not answered yet")
            if repo.count_since(session, patient_ids, now - timedelta(days=1)) >= MOST_A_DAY:
                raise Conflict("as many requests were made in a day as may be")
            row = DataRequest(
                id=uuid.uuid4(),
                patient_id=patient_id,
                kind=kind,
                state=DataRequestState.OPEN,
                created_at=now,
                due_at=now + DUE_IN,
            )
            repo.add(session, row)
            self._step(session, row.id, DataRequestState.OPEN, wish, now)
            self._record(session, Action.DATA_REQUESTED, row, actor)

    def take_back(self, patient_ids: Collection[uuid.UUID], request_id: uuid.UUID, actor: str) -> None:
        """Raises NotFound for a request of another person, Conflict for one that was answered."""
        with self.db.session() as session:
            row = repo.by_id(session, request_id)
            if row is None or row.patient_id not in patient_ids:
                raise NotFound
            self._close(session, row, DataRequestState.TAKEN_BACK, "", Action.DATA_REQUEST_TAKEN_BACK, actor)

    def answer(self, request_id: uuid.UUID, outcome: str, words: str, actor: str) -> None:
        """Staff answer. `outcome`: one of ANSWERS. `words`: what was done, or why not; the patient reads it. Raises
        NotFound, InvalidInput, and Conflict when it was answered or taken back before."""
        state = next((answer for answer in ANSWERS if answer == outcome), None)
        if state is None:
            raise InvalidInput("outcome", "must be done or refused")
        words = _checked("reason", words)
        with self.db.session() as session:
            row = repo.by_id(session, request_id)
            if row is None:
                raise NotFound
            self._close(session, row, state, words, Action.STAFF_ANSWERED_DATA_REQUEST, actor)

    def of(self, patient_ids: Collection[uuid.UUID]) -> list[RequestView]:
        """The requests of a person, the newest first."""
        reader = FieldReader(self.fields)
        with self.db.read() as session:
            found = self._views(session, reader, repo.of_patients(session, patient_ids))
        self.refused.record_all(reader.refused)
        return found

    def waiting(self, actor: str, asked: Asked = TOP) -> Page[RequestAtDesk]:
        """What waits for an answer, the one due first first. Raises InvalidInput (no key of a page)."""
        reader = FieldReader(self.fields)
        with self.db.session() as session:
            page = paged(asked, SHOWN, partial(repo.open_ones, session), _key_of)
            views = self._views(session, reader, [request for request, _ in page.rows])
            found = tuple(
                RequestAtDesk(view, reader.open_of(patient, "name_sealed"), repo.newest_exam(session, patient.id))
                for view, (_, patient) in zip(views, page.rows, strict=True)
            )
            self.audit.record(session, Action.STAFF_VIEWED_WAITING, actor=actor, subject=actor, found=len(found))
        self.refused.record_all(reader.refused)
        return Page(found, page.newer, page.older)

    def _views(self, session: Session, reader: FieldReader, rows: Sequence[DataRequest]) -> list[RequestView]:
        now, steps = self.clock.now(), defaultdict(list)
        for step in repo.steps_of(session, [row.id for row in rows]):
            steps[step.request_id].append(Step(step.state, reader.open_of(step, "words_sealed"), step.at))
        return [
            RequestView(
                id=row.id,
                kind=row.kind,
                state=row.state,
                created_at=row.created_at,
                due_at=row.due_at,
                is_open=row.state == DataRequestState.OPEN,
                is_late=row.state == DataRequestState.OPEN and row.due_at <= now,
                steps=tuple(steps[row.id]),
            )
            for row in rows
        ]

    def _close(
        self, session: Session, row: DataRequest, state: DataRequestState, words: str, action: Action, actor: str
    ) -> None:
        if not repo.close(session, row.id, state):
            raise Conflict("it was answered or taken back before")
        self._step(session, row.id, state, words, self.clock.now())
        self._record(session, action, row, actor, state=state)

    def _step(
        self, session: Session, request_id: uuid.UUID, state: DataRequestState, words: str, now: datetime
    ) -> None:
        number = repo.newest_number(session, request_id) + 1
        step = DataRequestStep(id=uuid.uuid4(), request_id=request_id, number=number, state=state, at=now)
        self.fields.seal_into(step, "words_sealed", words)
        repo.add(session, step)

    def _record(self, session: Session, action: Action, row: DataRequest, actor: str, **detail: str) -> None:
        subject = patient_subject(row.patient_id)
        self.audit.record(session, action, actor=actor, subject=subject, request=row.id.hex, kind=row.kind, **detail)


def _checked(name: str, text: str) -> str:
    """Raises InvalidInput when it is empty or too long."""
    text = text.strip()
    if not 0 < len(text) <= LONGEST:
        raise InvalidInput(name, f"must be 1 to {LONGEST} characters")
    return text


def _key_of(pair: tuple[DataRequest, Patient]) -> Key:
    request, _ = pair
    return request.due_at, request.id

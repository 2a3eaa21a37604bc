"""Searches of studies, series and instances: conditions in, rows out. app/services/dicomweb knows what a key means."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased, defer

from app.models import Exam, Instance, PatientNameToken, Series, Study, StudyNameKey, StudyOrder
from app.models.base import accession_key
from app.models.states import MatchState

# In the text of the statement: so PostgreSQL sees that the index of waiting studies serves.
_MATCHED: BindParameter[str] = bindparam(None, MatchState.MATCHED, literal_execute=True)
COLUMNS: dict[str, Any] = {
    "StudyInstanceUID": Study.study_instance_uid,
    "PatientID": Study.patient_id_hash,
    "StudyDate": Study.study_date,
    "StudyTime": Study.attributes["StudyTime"].as_string(),
    "StudyDescription": Study.attributes["StudyDescription"].as_string(),
    "StudyID": Study.attributes["StudyID"].as_string(),
    "SeriesInstanceUID": Series.series_instance_uid,
    "Modality": Series.modality,
    "SeriesNumber": Series.series_number,
    "SeriesDescription": Series.description,
    "BodyPartExamined": Series.attributes["BodyPartExamined"].as_string(),
    "PerformedProcedureStepStartDate": Series.attributes["PerformedProcedureStepStartDate"].as_string(),
    "PerformedProcedureStepStartTime": Series.attributes["PerformedProcedureStepStartTime"].as_string(),
    "SOPInstanceUID": Instance.sop_instance_uid,
    "SOPClassUID": Instance.sop_class_uid,
    "InstanceNumber": Instance.instance_number,
}


@dataclass(frozen=True)
class OneOf:
    key: str
    values: tuple[Any, ...]

    def clause(self) -> ColumnElement[bool]:
        if self.key == "ModalitiesInStudy":
            return Study.id.in_(select(Series.study_id).where(Series.modality.in_(self.values)))
        if self.key == "PatientName":
            return _may_be_named(self.values)
        if self.key == "AccessionNumber":
            keys = {accession_key(number) for number in self.values}  # these have an index
            return _names_order(and_(StudyOrder.accession_key.in_(keys), StudyOrder.accession_number.in_(self.values)))
        found: ColumnElement[bool] = COLUMNS[self.key].in_(self.values)
        return found


@dataclass(frozen=True)
class Like:
    """`pattern` is for SQL's LIKE; a backslash escapes."""

    key: str
    pattern: str

    def clause(self) -> ColumnElement[bool]:
        if self.key == "AccessionNumber":
            return _names_order(StudyOrder.accession_number.like(self.pattern, escape="\\"))
        found: ColumnElement[bool] = COLUMNS[self.key].like(self.pattern, escape="\\")
        return found


@dataclass(frozen=True)
class Between:
    """A range that includes both ends; an empty end is open. A row without a value is in no range."""

    key: str
    low: str
    high: str

    def clause(self) -> ColumnElement[bool]:
        column = COLUMNS[self.key]
        ends = [column >= self.low, column <= self.high] if self.high else [column >= self.low]
        return and_(*ends)


@dataclass(frozen=True)
class Empty:
    """Rows without a value."""

    key: str

    def clause(self) -> ColumnElement[bool]:
        if self.key == "AccessionNumber":
            return ~_names_order(StudyOrder.accession_number != "")
        if self.key == "ModalitiesInStudy":
            return Study.id.not_in(select(Series.study_id).where(Series.modality != ""))
        column = COLUMNS[self.key]
        is_text = self.key not in _NO_TEXTS
        return or_(column.is_(None), column == "") if is_text else column.is_(None)


@dataclass(frozen=True)
class Said:
    """Studies whose headers say a name with this key, and those with one of these UIDs."""

    said: bytes
    uids: tuple[str, ...]
    key: str = "PatientName"

    def clause(self) -> ColumnElement[bool]:
        said = Study.id.in_(select(StudyNameKey.study_id).where(StudyNameKey.key_hash == self.said))
        return or_(said, Study.study_instance_uid.in_(self.uids)) if self.uids else said

    def joined(self) -> ColumnElement[bool]:
        """The same of a query that reads the keys, too: they stand in an order of their own, see `_order`."""
        return and_(StudyNameKey.study_id == Study.id, StudyNameKey.key_hash == self.said)


@dataclass(frozen=True)
class NamesDue:
    """Studies that have no keys of names yet."""

    key: str = "PatientName"

    def clause(self) -> ColumnElement[bool]:
        return and_(Study.names_due)


ColumnCondition = OneOf | Like | Between | Empty | Said | NamesDue


@dataclass(frozen=True)
class Below:
    """Rows of `row` with at least one row of `below` under them that meets the condition."""

    row: type[Study | Series]
    below: type[Series | Instance]
    condition: ColumnCondition

    def clause(self) -> ColumnElement[bool]:
        above = Instance.series_id if self.row is Series else self.below.study_id
        return self.row.id.in_(select(above).where(self.condition.clause()))


_NO_TEXTS = frozenset({"PatientID", "SeriesNumber", "InstanceNumber"})
Condition = ColumnCondition | Below


@dataclass(frozen=True)
class Counts:
    """The counts of one study, or of one series (then `series` does not count)."""

    instances: int
    series: int = 0
    modalities: tuple[str, ...] = ()


def studies(session: Session, conditions: Sequence[Condition], limit: int, offset: int) -> list[Study]:
    """The studies that match, those that came last first; of a search by date, those of the last date first."""
    query = select(Study).where(*_clauses(conditions)).order_by(*_order(conditions))
    return list(session.scalars(query.limit(limit).offset(offset)))


def some_studies(session: Session, conditions: Sequence[Condition], limit: int) -> list[Study]:
    """Studies that match, in no order: so that few are found by what they are found by, and not by walking all."""
    return list(session.scalars(select(Study).where(*_clauses(conditions)).limit(limit)))


def series(session: Session, conditions: Sequence[Condition], limit: int, offset: int) -> list[tuple[Study, Series]]:
    """The series that match: in the order of `studies`, then by series number."""
    query = select(Study, Series).join(Series, Series.study_id == Study.id).where(*_clauses(conditions))
    query = query.order_by(*_order(conditions), Series.series_number, Series.id)
    return [(row[0], row[1]) for row in session.execute(query.limit(limit).offset(offset))]


def instances(
    session: Session, conditions: Sequence[Condition], limit: int | None, offset: int, *, with_images: bool = False
) -> list[tuple[Study, Series, Instance]]:
    """The instances that match: in the order of `series`, then by instance number.

    Without `with_images` the image headers and frame indexes are not loaded.
    """
    query = select(Study, Series, Instance).join(Series, Series.study_id == Study.id)
    query = query.join(Instance, Instance.series_id == Series.id).where(*_clauses(conditions))
    query = query.order_by(*_order(conditions), Series.series_number, Series.id)
    query = query.order_by(Instance.instance_number, Instance.id).limit(limit).offset(offset)
    if not with_images:
        query = query.options(defer(Instance.image_header), defer(Instance.frame_index))
    return [(row[0], row[1], row[2]) for row in session.execute(query)]


def count(
    session: Session, counted: type[Study | Series | Instance], conditions: Sequence[Condition], most: int
) -> int:
    """How many rows of a table match, at most `most`: to count a whole archive takes as long as it is large."""
    said = _joined(conditions)
    if counted is Study and said is not None and len(conditions) == 1:  # each key is of one study
        keys = select(StudyNameKey.study_id).where(StudyNameKey.key_hash == said.said).limit(most).subquery()
        return session.scalar(select(func.count()).select_from(keys)) or 0
    query = select(Study.id)
    if counted is not Study:
        query = query.join(Series, Series.study_id == Study.id)
    if counted is Instance:
        query = query.join(Instance, Instance.series_id == Series.id)
    some = query.where(*_clauses(conditions)).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def study_counts(session: Session, study_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Counts]:
    per_study: dict[uuid.UUID, list[tuple[str, int]]] = {}
    query = (
        select(Series.study_id, Series.modality, func.count(Instance.id))
        .join(Instance, Instance.series_id == Series.id)
        .where(Series.study_id.in_(study_ids))
        .group_by(Series.study_id, Series.id, Series.modality)
    )
    for study_id, modality, count in session.execute(query):
        per_study.setdefault(study_id, []).append((modality, count))
    return {
        study_id: Counts(
            sum(count for _, count in found), len(found), tuple(sorted({modality for modality, _ in found if modality}))
        )
        for study_id, found in per_study.items()
    }


def series_counts(session: Session, series_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Counts]:
    query = (
        select(Instance.series_id, func.count()).where(Instance.series_id.in_(series_ids)).group_by(Instance.series_id)
    )
    return {series_id: Counts(count) for series_id, count in session.execute(query)}


def image_sizes(session: Session, instance_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[str, int | None]]:
    """Rows, columns and bits of images, without their whole headers."""
    header = Instance.image_header
    query = select(
        Instance.id, header["rows"].as_integer(), header["columns"].as_integer(), header["bits_allocated"].as_integer()
    ).where(Instance.id.in_(instance_ids))
    return {
        instance_id: {"Rows": rows, "Columns": columns, "BitsAllocated": bits}
        for instance_id, rows, columns, bits in session.execute(query)
    }


def first_instances(
    session: Session, of: type[Study | Series], conditions: Sequence[Condition], limit: int
) -> list[tuple[Study, Series, Instance]]:
    """One instance of each study, or of each series, that matches, with its index."""
    other = aliased(Instance)
    above = other.series_id == Series.id if of is Series else other.study_id == Study.id
    first = select(func.min(other.sop_instance_uid)).where(above).correlate(Study, Series).scalar_subquery()
    query = select(Study, Series, Instance).join(Series, Series.study_id == Study.id)
    query = query.join(Instance, Instance.series_id == Series.id)
    query = query.where(*_clauses(conditions), Instance.sop_instance_uid == first).limit(limit)
    return [(row[0], row[1], row[2]) for row in session.execute(query)]


def _may_be_named(tokens: Collection[bytes]) -> ColumnElement[bool]:
    """Studies whose headers say a name with one of these tokens. Of those that have no keys yet: studies of patients
    with one, and those whose patient is not confirmed for each of their orders."""
    by_header = select(StudyNameKey.study_id).where(StudyNameKey.key_hash.in_(tokens))
    named = select(PatientNameToken.patient_id).where(PatientNameToken.token_hash.in_(tokens))
    exams = select(Exam.id).where(Exam.patient_id.in_(named))
    due = aliased(Study)
    without_keys = select(StudyOrder.study_id).join(due, due.id == StudyOrder.study_id).where(due.names_due)
    of_exams = without_keys.where(StudyOrder.exam_id.in_(exams))
    not_confirmed = without_keys.where(StudyOrder.match_state != _MATCHED)
    return Study.id.in_(by_header.union_all(of_exams, not_confirmed))


def _names_order(clause: ColumnElement[bool]) -> ColumnElement[bool]:
    """A study of several orders is found by each."""
    return Study.id.in_(select(StudyOrder.study_id).where(clause))


def _order(conditions: Sequence[Condition]) -> tuple[Any, ...]:
    """One index has the studies in this order, so that no more are read than are asked for. By the keys of names they
    stand in the order in which they came first."""
    if any(isinstance(each, Between | OneOf) and each.key == "StudyDate" for each in conditions):
        return (Study.study_date.desc(), Study.last_instance_at.desc(), Study.id.desc())
    if _joined(conditions) is not None:
        return (StudyNameKey.came_at.desc(), StudyNameKey.study_id.desc())
    return (Study.last_instance_at.desc(), Study.id)


def _clauses(conditions: Sequence[Condition]) -> list[ColumnElement[bool]]:
    joined = _joined(conditions)
    clauses = [each.clause() for each in conditions if each is not joined]
    return [joined.joined(), *clauses] if joined is not None else clauses


def _joined(conditions: Sequence[Condition]) -> Said | None:
    """The one that the keys of names are read for; what came just now has no keys, and is not among them."""
    return next((each for each in conditions if isinstance(each, Said) and not each.uids), None)

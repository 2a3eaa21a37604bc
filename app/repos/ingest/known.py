"""A few columns of known studies, series and instances, and bulk inserts of instances. Whole rows are in `studies`.

Each batch of ingest runs these statements. So they are built once, name only the columns that are needed, and do not
use the ORM: it would take twice as long as the database.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import Column, Select, Table, bindparam, insert, select
from sqlalchemy.orm import Session

from app.models import Instance, Series, Study, StudyOrder


class KnownStudy(NamedTuple):
    id: uuid.UUID
    data_key_id: uuid.UUID
    identity_sealed: bytes


class KnownSeries(NamedTuple):
    id: uuid.UUID
    study_id: uuid.UUID


class KnownInstance(NamedTuple):
    sop_instance_uid: str
    id: uuid.UUID
    study_id: uuid.UUID
    series_id: uuid.UUID
    sha256: bytes
    object_key: str
    object_version: int
    version: int
    corrected_identity_sealed: bytes | None


def _by_uid(model: type[Study | Series | Instance], uid: str, names: Sequence[str]) -> Select[Any]:
    """Selects the column `uid` and the columns `names`. The statement takes the wanted UIDs as its parameter `uids`."""
    columns = cast(Table, model.__table__).c
    key: Column[str] = columns[uid]
    return select(key, *(columns[name] for name in names)).where(key.in_(bindparam("uids", expanding=True)))


_STUDIES = _by_uid(Study, "study_instance_uid", KnownStudy._fields)
_SERIES = _by_uid(Series, "series_instance_uid", KnownSeries._fields)
_INSTANCES = _by_uid(Instance, "sop_instance_uid", KnownInstance._fields)
_ORDERS = select(StudyOrder.study_id, StudyOrder.accession_number).where(
    StudyOrder.study_id.in_(bindparam("ids", expanding=True))
)
_ADD_INSTANCES = insert(cast(Table, Instance.__table__))


def known_studies(session: Session, uids: Collection[str]) -> dict[str, KnownStudy]:
    return {uid: KnownStudy(*rest) for uid, *rest in _found(session, _STUDIES, uids)}


def known_orders(session: Session, study_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """The accession numbers of the orders of each study."""
    found: dict[uuid.UUID, list[str]] = {}
    for study_id, number in session.connection().execute(_ORDERS, {"ids": list(study_ids)}) if study_ids else ():
        found.setdefault(study_id, []).append(number)
    return found


def known_series(session: Session, uids: Collection[str]) -> dict[str, KnownSeries]:
    return {uid: KnownSeries(*rest) for uid, *rest in _found(session, _SERIES, uids)}


def known_instances(session: Session, uids: Collection[str]) -> dict[str, KnownInstance]:
    return {uid: KnownInstance(*rest) for uid, *rest in _found(session, _INSTANCES, uids)}


def add_instances(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Add whole rows, given by column name. The session is flushed first, because it holds their new series."""
    session.flush()
    if rows:
        session.connection().execute(_ADD_INSTANCES, rows)


def _found(session: Session, statement: Select[Any], uids: Collection[str]) -> Iterator[Any]:
    return iter(session.connection().execute(statement, {"uids": list(uids)}))

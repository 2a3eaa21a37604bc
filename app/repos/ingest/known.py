"""What ingest asks of studies, series and instances, and the rows it adds in numbers. Whole rows are in `studies`.

Each batch passes here, so the statements are built once, name the few columns that are needed and pass the ORM by: it
would take twice as long as the database.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import Column, Select, Table, bindparam, insert, select
from sqlalchemy.orm import Session

from app.models import Instance, Series, Study


class KnownStudy(NamedTuple):
    id: uuid.UUID
    data_key_id: uuid.UUID
    identity_sealed: bytes


class KnownSeries(NamedTuple):
    id: uuid.UUID
    study_id: uuid.UUID


class KnownInstance(NamedTuple):
    sop_instance_uid: str
    study_id: uuid.UUID
    sha256: bytes
    object_key: str
    object_version: int


def _by_uid(model: type[Study | Series | Instance], uid: str, names: Sequence[str]) -> Select[Any]:
    """The UID and then the named columns, for the UIDs of `uids`."""
    columns = cast(Table, model.__table__).c
    key: Column[str] = columns[uid]
    return select(key, *(columns[name] for name in names)).where(key.in_(bindparam("uids", expanding=True)))


_STUDIES = _by_uid(Study, "study_instance_uid", KnownStudy._fields)
_SERIES = _by_uid(Series, "series_instance_uid", KnownSeries._fields)
_INSTANCES = _by_uid(Instance, "sop_instance_uid", KnownInstance._fields)
_ADD_INSTANCES = insert(cast(Table, Instance.__table__))


def known_studies(session: Session, uids: Collection[str]) -> dict[str, KnownStudy]:
    return {uid: KnownStudy(*rest) for uid, *rest in _found(session, _STUDIES, uids)}


def known_series(session: Session, uids: Collection[str]) -> dict[str, KnownSeries]:
    return {uid: KnownSeries(*rest) for uid, *rest in _found(session, _SERIES, uids)}


def known_instances(session: Session, uids: Collection[str]) -> dict[str, KnownInstance]:
    return {uid: KnownInstance(*rest) for uid, *rest in _found(session, _INSTANCES, uids)}


def add_instances(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Whole rows, by column name. What the session holds is written first: their series are in it."""
    session.flush()
    if rows:
        session.connection().execute(_ADD_INSTANCES, rows)


def _found(session: Session, statement: Select[Any], uids: Collection[str]) -> Iterator[Any]:
    return iter(session.connection().execute(statement, {"uids": list(uids)}))

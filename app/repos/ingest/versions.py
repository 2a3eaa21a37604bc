"""Rows of versions: what a corrected instance was before, and which headers of a study were corrected."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session

from app.models import Instance, InstanceVersion, Series, Study
from app.models.base import accession_key
from app.repos.ingest.known import KnownInstance
from app.repos.ingest.rejections import may_be_shown


class CorrectedHeader(NamedTuple):
    instance_id: uuid.UUID
    series_id: uuid.UUID
    identity_sealed: bytes
    accession_numbers: tuple[str, ...]

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(map(accession_key, self.accession_numbers))


def supersede(session: Session, known: KnownInstance, values: dict[str, Any], now: datetime) -> bool:
    """Keep the row of an instance as an earlier version, and give it the `values` of the newer one. False when it is
    no longer the version that is known: another process was faster."""
    row = session.scalars(select(Instance).where(Instance.id == known.id).with_for_update()).one_or_none()
    if row is None or row.object_key != known.object_key:
        return False
    session.add(
        InstanceVersion(
            instance_id=row.id,
            study_id=row.study_id,
            version=row.version,
            transfer_syntax_uid=row.transfer_syntax_uid,
            object_key=row.object_key,
            object_version=row.object_version,
            size=row.size,
            sha256=row.sha256,
            received_at=row.received_at,
            superseded_at=now,
        )
    )
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    session.flush()
    return True


def describe_series(session: Session, series_id: uuid.UUID, values: dict[str, Any]) -> None:
    """A series is described as its newest header says."""
    session.execute(update(Series).where(Series.id == series_id).values(**values))


def has_corrected(session: Session, study_id: uuid.UUID) -> bool:
    """Whether a header of the study was corrected, and not all of them yet."""
    return bool(session.scalar(select(exists().where(*_corrected(study_id)))))


def not_corrected(session: Session, study_id: uuid.UUID, limit: int) -> list[str]:
    """SOP instances whose header still says what the study's row says; of those that may be shown, at most `limit`."""
    query = select(Instance.sop_instance_uid).where(
        Instance.study_id == study_id, Instance.corrected_identity_sealed.is_(None), may_be_shown()
    )
    return list(session.scalars(query.limit(limit)))


def corrected(session: Session, study_id: uuid.UUID) -> list[CorrectedHeader]:
    """What the corrected headers of those that may be shown say, newest first."""
    query = select(
        Instance.id, Instance.series_id, Instance.corrected_identity_sealed, Instance.corrected_accession_numbers
    )
    query = query.where(*_corrected(study_id), may_be_shown()).order_by(Instance.received_at.desc(), Instance.id)
    return [
        CorrectedHeader(row_id, series_id, sealed, tuple(numbers or ()))
        for row_id, series_id, sealed, numbers in session.execute(query)
        if sealed
    ]


def all_are_corrected(session: Session, study_id: uuid.UUID) -> None:
    """The study's row says now what they say."""
    session.execute(
        update(Instance)
        .where(*_corrected(study_id))
        .values(corrected_identity_sealed=None, corrected_accession_numbers=None)
    )


def earlier(
    session: Session, after: uuid.UUID | None = None, limit: int | None = None
) -> list[tuple[InstanceVersion, uuid.UUID]]:
    """Earlier versions with their study's data key id, by id from `after` on."""
    query = select(InstanceVersion, Study.data_key_id).join(Study, Study.id == InstanceVersion.study_id)
    if after is not None:
        query = query.where(InstanceVersion.id > after)
    rows = session.execute(query.order_by(InstanceVersion.id).limit(limit))
    return [(row.InstanceVersion, row.data_key_id) for row in rows]


def _corrected(study_id: uuid.UUID) -> tuple[ColumnElement[bool], ...]:
    return (Instance.study_id == study_id, Instance.corrected_identity_sealed.is_not(None))

"""Searches for machines with scope `read` (QIDO-RS, PS3.18 10.6), unmatched studies included.

Every search is audited. Keys and values are in `matching_keys`; DICOM JSON and HTTP are in app/web/machine/dicomweb.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.database import Database
from app.identity.sealed import open_identity
from app.models import Instance, Series, Study
from app.repos.dicomweb import query as repo
from app.repos.dicomweb.query import Counts
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import search_subject, study_subject
from app.services.dicomweb.matching_keys import Level, condition

MAX_RESULTS = 5000
_AUDITED_STUDIES = 100

Row = dict[str, Any]
"""Attribute values by keyword; a list for several values, absent when unknown. PatientName: its component groups."""


@dataclass(frozen=True)
class Search:
    """`keys`: (keyword, value) pairs. `study_uid`, `series_uid`: from the address. At most MAX_RESULTS rows are
    found."""

    level: Level
    keys: tuple[tuple[str, str], ...] = ()
    study_uid: str | None = None
    series_uid: str | None = None
    limit: int = MAX_RESULTS
    offset: int = 0


@dataclass(frozen=True)
class Found:
    """`remaining`: how many rows match beyond these."""

    rows: list[Row]
    remaining: int


@dataclass(frozen=True, kw_only=True)
class DicomQuery:
    """Decides which rows a QIDO-RS search finds. Raises InvalidInput."""

    db: Database
    blind: BlindIndex
    fields: FieldSealer
    audit: Audit

    def search(self, search: Search, actor: str) -> Found:
        """Rows in a stable order. Raises InvalidInput for keys and values that cannot be matched."""
        conditions = self._conditions(search)
        limit = min(search.limit, MAX_RESULTS)
        with self.db.read() as session:
            rows = _LEVELS[search.level](self, session, conditions, limit + 1, search)
            matches = repo.count(session, _MODELS[search.level], conditions) if len(rows) > limit else 0
        found = Found(rows[:limit], max(0, matches - search.offset - limit))
        self._record(search, found, actor)
        return found

    def _conditions(self, search: Search) -> list[repo.Condition]:
        found: list[repo.Condition] = []
        if search.study_uid is not None:
            found.append(repo.OneOf("StudyInstanceUID", (search.study_uid,)))
        if search.series_uid is not None:
            found.append(repo.OneOf("SeriesInstanceUID", (search.series_uid,)))
        made = (condition(keyword, value, search.level, self.blind) for keyword, value in search.keys)
        return found + [item for item in made if item is not None]

    def _record(self, search: Search, found: Found, actor: str) -> None:
        studies = sorted({row["StudyInstanceUID"] for row in found.rows})
        with self.db.session() as session:
            self.audit.record(
                session,
                Action.MACHINE_READ,
                actor=actor,
                subject=study_subject(search.study_uid) if search.study_uid else search_subject(search.level),
                what="search",
                keys=sorted(keyword for keyword, _ in search.keys),
                count=len(found.rows),
                studies=studies[:_AUDITED_STUDIES],
            )

    def _studies(self, session: Session, conditions: Sequence[repo.Condition], limit: int, search: Search) -> list[Row]:
        rows = repo.studies(session, conditions, limit, search.offset)
        counts = repo.study_counts(session, [row.id for row in rows])
        return [self._study(row, counts.get(row.id)) for row in rows]

    def _series(self, session: Session, conditions: Sequence[repo.Condition], limit: int, search: Search) -> list[Row]:
        rows = repo.series(session, conditions, limit, search.offset)
        counts = repo.series_counts(session, [series.id for _, series in rows])
        return [self._above(study, search) | _series(series, counts.get(series.id)) for study, series in rows]

    def _instances(
        self, session: Session, conditions: Sequence[repo.Condition], limit: int, search: Search
    ) -> list[Row]:
        rows = repo.instances(session, conditions, limit, search.offset)
        sizes = repo.image_sizes(session, [instance.id for *_, instance in rows])
        return [
            self._above(study, search) | _series(series, None) | _instance(instance) | sizes[instance.id]
            for study, series, instance in rows
        ]

    def _above(self, study: Study, search: Search) -> Row:
        """A search within a study does not repeat the study's attributes (PS3.18 table 10.6.3-4)."""
        return {"StudyInstanceUID": study.study_instance_uid} if search.study_uid else self._study(study, None)

    def _study(self, study: Study, counts: Counts | None) -> Row:
        identity = open_identity(self.fields, study.identity_sealed)
        row: Row = {
            **study.attributes,
            "StudyInstanceUID": study.study_instance_uid,
            "AccessionNumber": study.accession_number,
            "InstanceAvailability": "ONLINE",
            "PatientID": identity.patient_id,
            "PatientName": list(identity.names),
            "PatientSex": identity.sex,
            "PatientBirthDate": identity.birth_date,
        }
        if counts is not None:
            row["ModalitiesInStudy"] = list(counts.modalities)
            row["NumberOfStudyRelatedSeries"] = counts.series
            row["NumberOfStudyRelatedInstances"] = counts.instances
        return row


def _series(series: Series, counts: Counts | None) -> Row:
    row: Row = {
        **series.attributes,
        "SeriesInstanceUID": series.series_instance_uid,
        "Modality": series.modality,
        "SeriesNumber": series.series_number,
        "SeriesDescription": series.description,
    }
    if counts is not None:
        row["NumberOfSeriesRelatedInstances"] = counts.instances
    return row


def _instance(instance: Instance) -> Row:
    return {
        "SOPClassUID": instance.sop_class_uid,
        "SOPInstanceUID": instance.sop_instance_uid,
        "InstanceAvailability": "ONLINE",
        "InstanceNumber": instance.instance_number,
        "NumberOfFrames": instance.number_of_frames or None,
        "AvailableTransferSyntaxUID": instance.transfer_syntax_uid,
    }


_LEVELS = {
    Level.STUDY: DicomQuery._studies,
    Level.SERIES: DicomQuery._series,
    Level.INSTANCE: DicomQuery._instances,
}
_MODELS: dict[Level, type[Study | Series | Instance]] = {
    Level.STUDY: Study,
    Level.SERIES: Series,
    Level.INSTANCE: Instance,
}

"""Searches for machines with scope `read` (QIDO-RS, PS3.18 10.6), unmatched studies included.

Every search is audited. Keys and values are in `matching_keys`; DICOM JSON and HTTP are in app/web/machine/dicomweb.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.database import Database
from app.dicom.header_fields import SERIES_KEYWORDS, STUDY_KEYWORDS
from app.identity.sealed import open_identity
from app.models import Instance, Series, Study
from app.repos.dicomweb import query as repo
from app.repos.dicomweb.query import Counts
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import search_subject, study_subject
from app.services.dicomweb.late_keys import LateKeys
from app.services.dicomweb.matching_keys import Ignored, LateKey, Level, condition, path_of

MAX_RESULTS = 5000
MOST_COUNTED = 1000
"""Rows beyond those of an answer that are still counted."""
_AUDITED_STUDIES = 100
_KEPT_LATER = {Level.STUDY: "ReferringPhysicianName", Level.SERIES: "RequestAttributesSequence"}
"""Always told (PS3.18 tables 10.6.3-3 and -4). Rows from before it was kept have no value: then the object is read."""
_PARTLY_KEPT = "RequestAttributesSequence"
_KEPT = frozenset({*STUDY_KEYWORDS, *SERIES_KEYWORDS})
"""Attributes of headers that rows keep where they have a value: no object has to be read for one that is absent."""

Row = dict[str, Any]
"""Attribute values by keyword; a list for several values, absent when unknown. PatientName: its component groups."""


@dataclass(frozen=True)
class Search:
    """`keys`: pairs of a name, as `path_of` reads it, and a value. `study_uid`, `series_uid`: from the address. At most
    MAX_RESULTS rows are found. `include`: paths of attributes that the client wants besides. `with_empty`: the value of
    two quotes asks for attributes without value."""

    level: Level
    keys: tuple[tuple[str, str], ...] = ()
    include: tuple[tuple[str, ...], ...] = ()
    with_empty: bool = False
    study_uid: str | None = None
    series_uid: str | None = None
    limit: int = MAX_RESULTS
    offset: int = 0


@dataclass(frozen=True)
class Found:
    """`remaining`: how many rows match beyond these; above MOST_COUNTED there may be more. `ignored`: names of keys
    that nothing can match. `of_objects`: elements in DICOM JSON of the stored object of each row, that the client asked
    for; empty when they are too many. `only_whole`: keys whose patterns were compared with whole values only, because
    too many studies were left."""

    rows: list[Row]
    remaining: int
    ignored: tuple[str, ...] = ()
    of_objects: tuple[dict[str, Any], ...] = ()
    only_whole: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DicomQuery:
    """Decides which rows a QIDO-RS search finds. Raises InvalidInput."""

    db: Database
    blind: BlindIndex
    fields: FieldSealer
    audit: Audit
    late: LateKeys

    def search(self, search: Search, actor: str) -> Found:
        """Rows in a stable order. Raises InvalidInput for values that cannot be matched."""
        conditions, late, ignored = self._conditions(search)
        only_whole: list[str] = []
        limit = min(search.limit, MAX_RESULTS)
        with self.db.read() as session:
            for key in late:
                narrowed = self.late.narrowed(session, key, conditions, search.level)
                if narrowed is None:
                    ignored.append(".".join(key.path))
                    continue
                conditions.append(narrowed.condition)
                if narrowed.only_whole:
                    only_whole.append(key.path[0])
            rows = _LEVELS[search.level](self, session, conditions, limit + 1, search)
            most = search.offset + limit + MOST_COUNTED + 1
            matches = repo.count(session, _MODELS[search.level], conditions, most) if len(rows) > limit else 0
            rows = rows[:limit]
            asked = _asked_of_objects(search, rows)
            of_objects = self.late.elements(session, search.level, rows, asked) if asked else ()
        remaining = max(0, matches - search.offset - limit)
        found = Found(rows, remaining, tuple(ignored), of_objects, tuple(only_whole))
        self._record(search, found, actor)
        return found

    def _conditions(self, search: Search) -> tuple[list[repo.Condition], list[LateKey], list[str]]:
        """Conditions of columns, keys that are matched afterwards, and names of keys that are ignored."""
        found: list[repo.Condition] = []
        late: list[LateKey] = []
        ignored: list[str] = []
        if search.study_uid is not None:
            found.append(repo.OneOf("StudyInstanceUID", (search.study_uid,)))
        if search.series_uid is not None:
            found.append(repo.OneOf("SeriesInstanceUID", (search.series_uid,)))
        for name, value in search.keys:
            made = condition(path_of(name), value, search.level, self.blind, with_empty=search.with_empty)
            if isinstance(made, LateKey):
                late.append(made)
            elif isinstance(made, Ignored):
                ignored.append(name)
            elif made is not None:
                found.append(made)
        return found, sorted(late, key=lambda key: not key.is_of_identity), ignored

    def _record(self, search: Search, found: Found, actor: str) -> None:
        studies = sorted({row["StudyInstanceUID"] for row in found.rows})
        with self.db.session() as session:
            self.audit.record(
                session,
                Action.MACHINE_READ,
                actor=actor,
                subject=study_subject(search.study_uid) if search.study_uid else search_subject(search.level),
                what="search",
                keys=sorted(".".join(path) for name, _ in search.keys if (path := path_of(name))),
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
        identity = open_identity(self.fields, study)
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
        if identity.referring_physician is not None:
            row["ReferringPhysicianName"] = list(identity.referring_physician)
        if counts is not None:
            row["ModalitiesInStudy"] = list(counts.modalities)
            row["NumberOfStudyRelatedSeries"] = counts.series
            row["NumberOfStudyRelatedInstances"] = counts.instances
        return row


def _asked_of_objects(search: Search, rows: list[Row]) -> list[str]:
    """Keywords of what a client wants, or must be told, that not every row has whole."""
    wanted = [path[0] for path in search.include]
    if search.level is Level.STUDY and "Modality" in wanted:  # viewers ask for it here, where it is that of any series
        for row in rows:
            row["Modality"] = next(iter(row.get("ModalitiesInStudy", ())), None)
    required = _KEPT_LATER.get(search.level)
    missing = [
        name
        for name in (*wanted, *([required] if required else []))
        if name not in _KEPT and any(name not in row for row in rows)
    ]
    return [*missing, _PARTLY_KEPT] if _PARTLY_KEPT in wanted else missing


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

"""Keys and attributes that no column tells: opened or read row by row, for few rows only. Whether a value matches is
decided in `late_matching`, what a key asks for in `matching_keys`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydicom.datadict import tag_for_keyword
from sqlalchemy.orm import Session

from app.errors import InvalidInput
from app.identity.sealed import open_identity
from app.models import Instance, Series, Study
from app.repos.dicomweb import query as repo
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.services.archive.data_keys import DataKeys
from app.services.dicomweb.late_matching import matches
from app.services.dicomweb.matching_keys import COLUMN_KEYS, LateKey, Level, said_key, whole_value
from app.services.dicomweb.stored_headers import StoredHeaders
from app.services.dicomweb.stored_instance import StoredInstance

MOST_ROWS = 200
"""Rows whose sealed fields are opened, or whose objects are read, for one key of one search."""
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


@dataclass(frozen=True)
class Narrowed:
    """`only_whole`: too many were left for a pattern, so only whole values were compared with what it holds."""

    condition: repo.Condition
    only_whole: bool = False


@dataclass(frozen=True, kw_only=True)
class LateKeys:
    """Narrows a search by one late key at a time. Raises StoreUnavailable."""

    blind: BlindIndex
    fields: FieldSealer
    data_keys: DataKeys
    headers: StoredHeaders

    def narrowed(
        self, session: Session, key: LateKey, conditions: Sequence[repo.Condition], level: Level
    ) -> Narrowed | None:
        """The rows that the key matches among those that the conditions leave; None when those are too many.

        Raises InvalidInput when a patient's name, number, birth date or sex is asked of too many: to ignore it would
        answer with other people's studies.
        """
        if key.is_of_identity:
            return self._by_identity(session, key, _of_rows(conditions, Study))
        of = Study if level is Level.STUDY else Series
        rows = repo.first_instances(session, of, _of_rows(conditions, of), MOST_ROWS + 1)
        if len(rows) > MOST_ROWS:
            return None
        found = [row for row in rows if matches(key, self._model(session, *row))]
        if of is Study:
            return Narrowed(repo.OneOf("StudyInstanceUID", tuple(study.study_instance_uid for study, _, _ in found)))
        return Narrowed(repo.OneOf("SeriesInstanceUID", tuple(series.series_instance_uid for _, series, _ in found)))

    def elements(
        self, session: Session, level: Level, rows: list[dict[str, Any]], keywords: list[str]
    ) -> tuple[dict[str, Any], ...]:
        """For each row the elements of these keywords, of the first object below it; empty when the rows are too
        many."""
        if len(rows) > MOST_ROWS:
            return ()
        tags = [f"{tag:08X}" for keyword in keywords if (tag := tag_for_keyword(keyword)) is not None]
        found = []
        for row in rows:
            condition = repo.OneOf(_UIDS[level], (row[_UIDS[level]],))
            if level is Level.INSTANCE:
                [first] = repo.instances(session, [condition], 1, 0, with_images=True)
            else:
                [first] = repo.first_instances(session, Study if level is Level.STUDY else Series, [condition], 1)
            model = self._model(session, *first)
            found.append({tag: model[tag] for tag in tags if tag in model and len(model[tag]) > 1})
        return tuple(found)

    def _by_identity(self, session: Session, key: LateKey, conditions: Sequence[repo.Condition]) -> Narrowed:
        asked = [*conditions, whole_value(key, self.blind)] if key.is_whole else conditions
        if (uids := self._matching(session, key, asked)) is not None:
            return Narrowed(repo.OneOf("StudyInstanceUID", uids))
        if said := said_key(key, self.blind):
            due = self._matching(session, key, [*conditions, repo.NamesDue()])
            if due is not None:
                return Narrowed(repo.Said(said, due), only_whole=not key.is_whole)
        if whole := key.as_whole():
            return replace(self._by_identity(session, whole, conditions), only_whole=True)
        raise InvalidInput(key.path[0], f"takes other keys besides: more than {MOST_ROWS} studies are left")

    def _matching(self, session: Session, key: LateKey, conditions: Sequence[repo.Condition]) -> tuple[str, ...] | None:
        """The UIDs of those whose patient is the one; None when they are too many to be opened."""
        studies = repo.some_studies(session, conditions, MOST_ROWS + 1)
        if len(studies) > MOST_ROWS:
            return None
        return tuple(study.study_instance_uid for study in studies if matches(key, self._identity(study)))

    def _identity(self, study: Study) -> dict[str, Any]:
        """The patient of a study in DICOM JSON."""
        identity = open_identity(self.fields, study)
        names = [dict(zip(_GROUPS, identity.names, strict=False))] if identity.names else []
        texts = {"00100020": identity.patient_id, "00100030": identity.birth_date, "00100040": identity.sex}
        values = {"00100010": names} | {tag: [text] for tag, text in texts.items()}
        return {tag: {"Value": value} for tag, value in values.items()}

    def _model(self, session: Session, study: Study, series: Series, instance: Instance) -> dict[str, Any]:
        data_key = self.data_keys.open(session, study.data_key_id)
        stored = StoredInstance(study.study_instance_uid, series.series_instance_uid, instance, data_key)
        model: dict[str, Any] = json.loads(self.headers.metadata(stored, "").text)
        return model


_UIDS = {Level.STUDY: "StudyInstanceUID", Level.SERIES: "SeriesInstanceUID", Level.INSTANCE: "SOPInstanceUID"}


def _of_rows(conditions: Sequence[repo.Condition], row: type[Study | Series]) -> list[repo.Condition]:
    """The conditions that hold for these rows themselves; those on rows below them are met afterwards."""
    levels = (Level.STUDY,) if row is Study else (Level.STUDY, Level.SERIES)
    return [
        item
        for item in conditions
        if (item.row is row if isinstance(item, repo.Below) else COLUMN_KEYS.get(item.key, Level.STUDY) in levels)
    ]

"""What is no picture in an exam, for its patient: the list, and each object as it is shown.

The session has decided that this patient may see this exam. How objects are found and read is in `evidence`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.archive.sealed import DataKey
from app.caches.lru import LruCache
from app.database import Database
from app.errors import NotFound
from app.imaging.display.ecg_paper import drawn_page
from app.imaging.evidence.ecg import Ecg
from app.imaging.evidence.kinds import EvidenceKind, SetAside
from app.imaging.evidence.reading import Evidence
from app.imaging.header.presentation import Presentation
from app.models import Instance, PreparedObject, PreparedSeries
from app.repos.pictures import prepared as repo
from app.services.archive.data_keys import DataKeys
from app.services.pictures.evidence import EvidenceReading
from app.services.pictures.listing import totals_kept
from app.services.pictures.marks import looks_over
from app.services.pictures.object_words import described, dose_line, fault_words, not_drawn_words

CACHED_EXAMS = 256
CACHED_ECG_BYTES = 64 * 1024 * 1024
"""At least one of the largest that is read (`MOST_IN_ALL` of app/imaging/evidence/ecg)."""


class ShownAs(StrEnum):
    """What the manifest calls an object."""

    DOCUMENT = "document"
    TEXT = "text"
    LAYER = "layer"
    OTHER = "other"


_SHOWN_AS = {
    EvidenceKind.REPORT: ShownAs.DOCUMENT,
    EvidenceKind.DOSE: ShownAs.DOCUMENT,
    EvidenceKind.PDF: ShownAs.DOCUMENT,
    EvidenceKind.ECG: ShownAs.DOCUMENT,
    EvidenceKind.SEGMENTS: ShownAs.LAYER,
    EvidenceKind.CONTOURS: ShownAs.LAYER,
}
"""Of a dose report only one without totals: the others are a line of text."""
_NAMES_PATIENT = frozenset({EvidenceKind.REPORT, EvidenceKind.DOSE, EvidenceKind.PDF})
_APART = frozenset({EvidenceKind.KEY_OBJECTS, EvidenceKind.PRESENTATION})


@dataclass(frozen=True)
class ListedObject:
    """One object of the list. `o` counts from 1. `reason`: why it is not shown, in words."""

    o: int
    row: PreparedObject
    instance: Instance
    data_key: DataKey

    @property
    def kind(self) -> EvidenceKind:
        return EvidenceKind(self.row.kind)

    @property
    def shown_as(self) -> ShownAs:
        if self.row.fault is not None:
            return ShownAs.OTHER
        if self.row.says is not None and self.kind == EvidenceKind.DOSE:
            return ShownAs.TEXT
        return _SHOWN_AS.get(self.kind, ShownAs.OTHER)

    @property
    def description(self) -> str:
        if self.shown_as == ShownAs.TEXT:
            return dose_line(totals_kept(self.row.says))
        return described(self.row.kind, self.instance.sop_class_uid, self.row.description)

    @property
    def reason(self) -> str | None:
        return None if self.row.fault is None else fault_words(self.row.fault)

    @property
    def labels(self) -> list[dict[str, Any]]:
        """Of a layer: what its colours mean."""
        return [{"label": label, "colour": colour} for label, colour in self._layer.get("labels", ())]

    def frames_over(self, series: PreparedSeries) -> list[int]:
        """k of the frames of a series that the layer lies over."""
        if series.study_id != self.row.study_id:
            return []
        frames: list[int] = self._layer.get("frames", {}).get(str(series.ordinal), [])
        return frames

    @property
    def _layer(self) -> dict[str, Any]:
        return self.row.says if self.shown_as == ShownAs.LAYER and isinstance(self.row.says, dict) else {}

    @property
    def pages(self) -> int:
        """Of an ECG."""
        return int(self.row.says["pages"]) if self.kind == EvidenceKind.ECG and self.row.says else 0

    @property
    def names_patient(self) -> bool:
        """Whether its page may say whose it is."""
        return self.kind in _NAMES_PATIENT

    @property
    def has_page(self) -> bool:
        return self.shown_as in (ShownAs.DOCUMENT, ShownAs.LAYER)


@dataclass(frozen=True)
class ObjectsOfExam:
    """What an exam has beside its pictures: what is listed, key object lists, presentation states, and the look of each
    frame that one names, by study, ordinal of the series, and k."""

    listed: tuple[ListedObject, ...]
    key_objects: tuple[PreparedObject, ...]
    presentations: tuple[PreparedObject, ...]
    looks: dict[tuple[uuid.UUID, int, int], Presentation]


def reasons_of(row: PreparedObject) -> list[str]:
    """Why a key object list or a presentation state is not shown, or what of it is not, in words."""
    if row.fault is not None:
        return [fault_words(row.fault)]
    words = [not_drawn_words(part) for part in (row.says or {}).get("not_drawn", ())]
    return [word for word in words if word]


@dataclass(frozen=True, kw_only=True)
class Objects:
    """Decides which objects an exam lists. Raises NotFound, StoreUnavailable."""

    db: Database
    data_keys: DataKeys
    evidence: EvidenceReading
    _read: LruCache[tuple[uuid.UUID, int], ObjectsOfExam] = field(default_factory=lambda: LruCache(CACHED_EXAMS))
    _ecgs: LruCache[tuple[str, int], Ecg] = field(
        default_factory=lambda: LruCache(CACHED_ECG_BYTES, lambda ecg: ecg.nbytes)
    )
    """By the version of the object in the archive, which never changes. Who turns its pages reads it once."""

    def of_exam(self, exam_id: uuid.UUID, exam_revision: int) -> ObjectsOfExam:
        """Empty until the exam is released. The revision is a key as in `Pictures.shown`."""
        return self._read.computed((exam_id, exam_revision), lambda: self._read_all(exam_id))

    def listed(self, exam_id: uuid.UUID, exam_revision: int) -> tuple[ListedObject, ...]:
        return self.of_exam(exam_id, exam_revision).listed

    def look(self, exam_id: uuid.UUID, exam_revision: int, series: PreparedSeries, k: int) -> Presentation | None:
        """How a presentation state wants frame k of a series shown; None when none names it."""
        looks = self.of_exam(exam_id, exam_revision).looks
        return looks.get((series.study_id, series.ordinal, k))

    def _read_all(self, exam_id: uuid.UUID) -> ObjectsOfExam:
        with self.db.read() as session:
            rows = repo.objects_shown(session, exam_id)
            keys = {study.id: self.data_keys.open(session, study.data_key_id) for _, _, study in rows}
        of_list = (found for found in rows if found[0].kind not in _APART)
        apart = [row for row, _, _ in rows if row.kind in _APART]
        return ObjectsOfExam(
            tuple(
                ListedObject(o, row, instance, keys[study.id]) for o, (row, instance, study) in enumerate(of_list, 1)
            ),
            tuple(row for row in apart if row.kind == EvidenceKind.KEY_OBJECTS),
            tuple(row for row in apart if row.kind == EvidenceKind.PRESENTATION),
            {
                (study_id, *place): look
                for study_id in keys
                for place, look in looks_over(row for row in apart if row.study_id == study_id).items()
            },
        )

    def one(self, exam_id: uuid.UUID, exam_revision: int, o: int) -> ListedObject:
        """An object that has a page. Raises NotFound."""
        listed = self.listed(exam_id, exam_revision)
        if not 1 <= o <= len(listed) or not listed[o - 1].has_page:
            raise NotFound
        return listed[o - 1]

    def ecg_page(self, found: ListedObject, page: int) -> bytes:
        """Page `page` (from 1) of an ECG as PNG. Raises NotFound, StoreUnavailable."""
        if found.kind != EvidenceKind.ECG or not 1 <= page <= found.pages:
            raise NotFound
        key = (found.instance.object_key, found.instance.object_version)
        ecg = self._ecgs.computed(key, lambda: self._ecg(found))
        try:
            return drawn_page(ecg.recorded, page)
        except IndexError:
            raise NotFound from None

    def _ecg(self, found: ListedObject) -> Ecg:
        said = self.read(found)
        if not isinstance(said, Ecg):
            raise NotFound
        return said

    def read(self, found: ListedObject) -> Evidence:
        """What the object says. Raises NotFound when it does not any more, StoreUnavailable."""
        try:
            return self.evidence.read(found.instance, found.data_key)
        except SetAside:
            raise NotFound from None

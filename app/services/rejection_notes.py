"""Rejection notes: Key Object Selections that say their objects are to be looked at no more (IHE RAD TF-1 33, Imaging
Object Change Management). What they name is hidden from patients for good; the archive keeps it.

A corrected image comes under a UID of its own, so nothing ever takes a rejection back.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime

from pydicom.dataset import Dataset
from pydicom.uid import KeyObjectSelectionDocumentStorage
from sqlalchemy.orm import Session

from app.models import Rejection, Study
from app.repos import rejections as repo

TITLES = frozenset({"113001", "113037", "113038", "113039"})
"""PS3.16 CID 7011, scheme DCM: rejected for quality, for patient safety, of another worklist entry, retention over."""
_BROKEN = (LookupError, ValueError, TypeError, AttributeError, NotImplementedError)
"""What reading a header of anybody's making may raise."""


def rejected_uids(dataset: Dataset, sop_class_uid: str) -> frozenset[str]:
    """The SOP instances that a rejection note names; none for any other object. A note that cannot be read to its end
    rejects what could be read: better a picture too few than one too many."""
    if sop_class_uid != KeyObjectSelectionDocumentStorage:
        return frozenset()
    found: set[str] = set()
    try:
        if _is_rejection(dataset):
            for uid in _evidence(dataset):
                found.add(uid)
    except _BROKEN:
        pass
    return frozenset(found)


def reject(session: Session, study: Study, uids: Iterable[str], now: datetime) -> int:
    """Inside the transaction that stores the note; also what has not arrived yet counts. Returns how many are new.

    Nothing of the study is shown until it was prepared anew, without them.
    """
    known = repo.uids_of(session, study.id)
    new = [uid for uid in uids if uid not in known]
    repo.add(session, [Rejection(id=uuid.uuid4(), study_id=study.id, sop_instance_uid=uid, at=now) for uid in new])
    if new:
        study.prepared_revision = None
    return len(new)


def _is_rejection(dataset: Dataset) -> bool:
    titles = dataset.get("ConceptNameCodeSequence") or []
    return any(title.get("CodingSchemeDesignator") == "DCM" and title.get("CodeValue") in TITLES for title in titles)


def _evidence(dataset: Dataset) -> Iterator[str]:
    """Only of the note's own study: no other is its business."""
    for study in dataset.get("CurrentRequestedProcedureEvidenceSequence") or []:
        if study.get("StudyInstanceUID") != dataset.get("StudyInstanceUID"):
            continue
        for series in study.get("ReferencedSeriesSequence") or []:
            for item in series.get("ReferencedSOPSequence") or []:
                uid = str(item.get("ReferencedSOPInstanceUID") or "")
                if 0 < len(uid) <= 64:
                    yield uid

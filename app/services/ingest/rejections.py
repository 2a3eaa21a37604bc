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

from app.errors import RefusedObject
from app.models import Rejection, Study
from app.repos.ingest import rejections as repo
from app.services.ingest.incoming import CANNOT_UNDERSTAND

TITLES = frozenset({"113001", "113037", "113038", "113039"})
"""PS3.16 CID 7011, scheme DCM: rejected for quality, for patient safety, of another worklist entry, retention over."""
_BROKEN = (LookupError, ValueError, TypeError, AttributeError, NotImplementedError)
"""What reading a header of anybody's making may raise."""
_UID_CHARACTERS = 64


def rejected_uids(dataset: Dataset, sop_class_uid: str) -> frozenset[str]:
    """The SOP instances that a rejection note names; none for any other object. Raises RefusedObject for a note that
    does not say what it rejects: its sender must know that nothing was hidden."""
    if sop_class_uid != KeyObjectSelectionDocumentStorage:
        return frozenset()
    try:
        found = frozenset(_evidence(dataset)) if _is_rejection(dataset) else None
    except _BROKEN:
        found = frozenset()
    if found is None:
        return frozenset()
    if not found or not all(0 < len(uid) <= _UID_CHARACTERS for uid in found):
        raise RefusedObject("a rejection note that does not say what it rejects", CANNOT_UNDERSTAND)
    return found


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
                yield str(item.get("ReferencedSOPInstanceUID") or "")

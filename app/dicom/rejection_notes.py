"""Rejection notes: Key Object Selections that name objects which nobody should look at any more (IHE RAD TF-1 33,
Imaging Object Change Management). This file reads what a note names; app/services/ingest/rejections acts on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from pydicom.dataset import Dataset
from pydicom.uid import KeyObjectSelectionDocumentStorage

from app.dicom.refusals import Refusal
from app.dicom.status import CANNOT_UNDERSTAND, OUT_OF_RESOURCES
from app.errors import RefusedObject

TITLES = frozenset({"113001", "113037", "113038", "113039"})
"""PS3.16 CID 7011, scheme DCM: quality, patient safety, wrong worklist entry, end of the retention period."""


_UID_CHARACTERS = 64
MOST_REJECTED = 20_000
"""The most items of a note. The largest studies have fewer instances, and all rows of a note are one commit."""


def rejected_uids(dataset: Dataset, sop_class_uid: str) -> frozenset[str]:
    """The SOP instances that a rejection note names; empty for any other object.

    Raises RefusedObject for a note that does not say what it rejects, or that names more than MOST_REJECTED: the sender
    must know that nothing was hidden.
    """
    if sop_class_uid != KeyObjectSelectionDocumentStorage:
        return frozenset()
    try:
        named = list(islice(_evidence(dataset), MOST_REJECTED + 1)) if _is_rejection(dataset) else None
    except MemoryError:
        raise
    except Exception:  # pydicom converts a value at the first access, and an odd value may raise anything
        named = []
    if named is None:
        return frozenset()
    if len(named) > MOST_REJECTED:
        raise RefusedObject(Refusal.TOO_MANY_REJECTED, OUT_OF_RESOURCES)
    found = frozenset(named)
    if not found or not all(0 < len(uid) <= _UID_CHARACTERS for uid in found):
        raise RefusedObject(Refusal.EMPTY_REJECTION_NOTE, CANNOT_UNDERSTAND)
    return found


def _is_rejection(dataset: Dataset) -> bool:
    titles = dataset.get("ConceptNameCodeSequence") or []
    return any(title.get("CodingSchemeDesignator") == "DCM" and title.get("CodeValue") in TITLES for title in titles)


def _evidence(dataset: Dataset) -> Iterator[str]:
    """The SOP instances that the note names in its own study. Items of other studies are ignored."""
    for study in dataset.get("CurrentRequestedProcedureEvidenceSequence") or []:
        if study.get("StudyInstanceUID") != dataset.get("StudyInstanceUID"):
            continue
        for series in study.get("ReferencedSeriesSequence") or []:
            for item in series.get("ReferencedSOPSequence") or []:
                yield str(item.get("ReferencedSOPInstanceUID") or "")

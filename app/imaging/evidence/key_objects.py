"""Which frames a key object list (PS3.3 A.35.4) names. Rejection notes are such lists too, and name no key images: what
they reject is not shown (app/dicom/rejection_notes).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pydicom.dataset import Dataset

from app.dicom.element_values import value_of
from app.dicom.part10 import ParsedFile
from app.dicom.rejection_notes import TITLES
from app.dicom.uids import is_uid
from app.imaging.evidence.checks import demand, items_of, plain, short_text, text, whole

MOST_MARKS, MOST_FRAMES = 1000, 20_000
TITLE_CHARACTERS = 64


@dataclass(frozen=True)
class KeyObjects:
    """`marks`: SOP Instance UID and frame (from 1; 0: every frame), in the order of the list."""

    title: str
    marks: tuple[tuple[str, int], ...]


def read_key_objects(parsed: ParsedFile) -> list[bytes]:
    ds = parsed.dataset
    titles = items_of(ds, "ConceptNameCodeSequence")
    if any(short_text(title, "CodeValue", 16) in TITLES for title in titles):
        return [plain({"title": "", "marks": []})]
    marks = list(islice(dict.fromkeys(_named(ds)), MOST_MARKS))
    title = short_text(titles[0], "CodeMeaning", TITLE_CHARACTERS) if titles else ""
    return [plain({"title": title, "marks": marks})]


def key_objects_of(parts: list[bytes]) -> KeyObjects:
    """Raises ValueError and others for what no child of ours says."""
    [said] = parts
    found = json.loads(said)
    demand(len(found["marks"]) <= MOST_MARKS and all(is_uid(uid) for uid, _ in found["marks"]))
    marks = tuple((str(uid), whole(frame, 0, MOST_FRAMES)) for uid, frame in found["marks"])
    return KeyObjects(text(found["title"], TITLE_CHARACTERS), marks)


def _named(ds: Dataset) -> Iterator[tuple[str, int]]:
    """The objects of the content, in its order; where it has none, those of the evidence."""
    is_empty = True
    for item in items_of(ds, "ContentSequence"):
        for found in items_of(item, "ReferencedSOPSequence"):
            is_empty = False
            yield from _frames(found)
    if is_empty:
        for study in items_of(ds, "CurrentRequestedProcedureEvidenceSequence"):
            for series in items_of(study, "ReferencedSeriesSequence"):
                for found in items_of(series, "ReferencedSOPSequence"):
                    yield from _frames(found)


def _frames(found: Dataset) -> Iterator[tuple[str, int]]:
    uid = short_text(found, "ReferencedSOPInstanceUID", 64)
    if is_uid(uid):
        for frame in frames_of(found) or [0]:
            yield uid, frame


def frames_of(found: Dataset) -> list[int]:
    """Referenced Frame Number, from 1; empty for every frame."""
    frames = value_of(found, "ReferencedFrameNumber")
    frames = [] if frames is None else [frames] if isinstance(frames, int | str) else list(frames)
    return [int(frame) for frame in frames[:MOST_FRAMES] if 0 < int(frame) <= MOST_FRAMES]

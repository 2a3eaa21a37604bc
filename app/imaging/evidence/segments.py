"""What a segmentation (PS3.3 A.51) says of its segments and frames. Its pixels and planes are those of an image."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pydicom.dataset import Dataset

from app.dicom.element_values import value_of
from app.dicom.part10 import ParsedFile
from app.dicom.uids import is_uid
from app.imaging.evidence.checks import demand, items_of, plain, short_text, text, whole
from app.imaging.evidence.colours import Colour, recommended
from app.imaging.evidence.kinds import EvidenceFault, SetAside

MOST_SEGMENTS, MOST_FRAMES = 255, 20_000
LABEL_CHARACTERS = 64


@dataclass(frozen=True)
class Segment:
    number: int
    label: str
    colour: Colour


@dataclass(frozen=True)
class Segments:
    """`frames`: for each frame the number of its segment (0 in a label map, whose pixels are numbers) and the picture
    that it was drawn on: SOP Instance UID, or empty, and frame from 1. `full`: the pixel of a whole segment."""

    segments: tuple[Segment, ...]
    frames: tuple[tuple[int, str, int], ...]
    full: int
    is_label_map: bool


def read_segments(parsed: ParsedFile) -> list[bytes]:
    """Raises SetAside."""
    ds = parsed.dataset
    items = items_of(ds, "SegmentSequence")
    if len(items) > MOST_SEGMENTS:
        raise SetAside(EvidenceFault.TOO_MANY_PARTS)
    kind = short_text(ds, "SegmentationType", 16)
    segments = [list(_segment(item)) for item in items]
    groups = items_of(ds, "PerFrameFunctionalGroupsSequence")
    count = int(value_of(ds, "NumberOfFrames", 1))
    if count > MOST_FRAMES:
        raise SetAside(EvidenceFault.TOO_MANY_PARTS)
    if not segments or len(groups) != count:
        raise SetAside(EvidenceFault.UNREADABLE)
    shared = next(iter(_segment_of(group) for group in items_of(ds, "SharedFunctionalGroupsSequence")), 0)
    frames = [[_segment_of(group) or shared, *_source_of(group)] for group in groups]
    full = int(value_of(ds, "MaximumFractionalValue", 255)) if kind == "FRACTIONAL" else 1
    return [plain({"segments": segments, "frames": frames, "full": full, "is_label_map": kind == "LABELMAP"})]


def segments_of(parts: list[bytes]) -> Segments:
    """Raises ValueError and others for what no child of ours says."""
    [said] = parts
    found = json.loads(said)
    demand(0 < len(found["segments"]) <= MOST_SEGMENTS and len(found["frames"]) <= MOST_FRAMES)
    segments = tuple(
        Segment(whole(number, 0, 65_535), text(label, LABEL_CHARACTERS), _colour(colour))
        for number, label, colour in found["segments"]
    )
    frames = tuple(
        (whole(number, 0, 65_535), _uid(uid), whole(at, 1, MOST_FRAMES)) for number, uid, at in found["frames"]
    )
    return Segments(segments, frames, whole(found["full"], 1, 65_535), found["is_label_map"] is True)


def _segment(item: Dataset) -> Iterator[object]:
    number = int(value_of(item, "SegmentNumber"))
    label = short_text(item, "SegmentLabel", LABEL_CHARACTERS)
    types = [
        short_text(code, "CodeMeaning", LABEL_CHARACTERS)
        for code in items_of(item, "SegmentedPropertyTypeCodeSequence")
    ]
    yield from (number, label or (types[0] if types else str(number)), recommended(item, number))


def _segment_of(group: Dataset) -> int:
    for named in items_of(group, "SegmentIdentificationSequence"):
        return int(value_of(named, "ReferencedSegmentNumber", 0))
    return 0


def _source_of(group: Dataset) -> tuple[str, int]:
    sources = (
        source
        for derivation in items_of(group, "DerivationImageSequence")
        for source in items_of(derivation, "SourceImageSequence")
    )
    for source in islice(sources, 1):
        uid, frame = short_text(source, "ReferencedSOPInstanceUID", 64), value_of(source, "ReferencedFrameNumber")
        frame = frame[0] if isinstance(frame, list | tuple) and frame else frame
        return (uid if is_uid(uid) else ""), (int(frame) if isinstance(frame, int) and 0 < frame <= MOST_FRAMES else 1)
    return "", 1


def _colour(found: list[int]) -> Colour:
    red, green, blue = (whole(part, 0, 255) for part in found)
    return red, green, blue


def _uid(found: str) -> str:
    demand(found == "" or is_uid(found))
    return found

"""The contours of a structure set (PS3.3 A.19), in mm along the patient's axes."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from app.dicom.element_values import value_of
from app.dicom.part10 import ParsedFile
from app.dicom.uids import is_uid
from app.imaging.evidence.checks import demand, items_of, plain, short_text, text, whole
from app.imaging.evidence.colours import Colour, recommended
from app.imaging.evidence.kinds import EvidenceFault, SetAside
from app.imaging.geometry.volume import FURTHEST

Doubles = npt.NDArray[np.float64]
MOST_REGIONS, MOST_CONTOURS, MOST_POINTS = 255, 50_000, 2_000_000
LABEL_CHARACTERS = 64
_CONTOUR_DATA = Tag(0x3006, 0x0050)
_CLOSED = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"})


@dataclass(frozen=True)
class Region:
    """`frame_of_reference`: empty when the object does not say in which axes its numbers are."""

    number: int
    label: str
    colour: Colour
    frame_of_reference: str


@dataclass(frozen=True)
class Contour:
    """`region`: its place among the regions. `first`, `count`: its points. `is_closed`: it has an inside."""

    region: int
    first: int
    count: int
    is_closed: bool


@dataclass(frozen=True)
class Contours:
    regions: tuple[Region, ...]
    contours: tuple[Contour, ...]
    points: Doubles
    """(points, 3)"""

    def of(self, contour: Contour) -> Doubles:
        return self.points[contour.first : contour.first + contour.count]


def read_contours(parsed: ParsedFile) -> list[bytes]:
    """Raises SetAside."""
    ds = parsed.dataset
    named = {int(value_of(item, "ROINumber")): item for item in items_of(ds, "StructureSetROISequence")}
    items = items_of(ds, "ROIContourSequence")
    if max(len(named), len(items)) > MOST_REGIONS:
        raise SetAside(EvidenceFault.TOO_MANY_PARTS)
    regions, contours, points, count = [], [], [], 0
    for at, item in enumerate(items):
        number = int(value_of(item, "ReferencedROINumber"))
        about = named.get(number, Dataset())
        frame = short_text(about, "ReferencedFrameOfReferenceUID", 64)
        label = short_text(about, "ROIName", LABEL_CHARACTERS) or str(number)
        regions.append([number, label, recommended(item, number), frame if is_uid(frame) else ""])
        for contour in items_of(item, "ContourSequence"):
            found = _points(contour)
            contours.append([at, count, len(found), short_text(contour, "ContourGeometricType", 16) in _CLOSED])
            points.append(found)
            count += len(found)
            if len(contours) > MOST_CONTOURS or count > MOST_POINTS:
                raise SetAside(EvidenceFault.TOO_MANY_PARTS)
    if not contours:
        raise SetAside(EvidenceFault.UNREADABLE)
    return [plain({"regions": regions, "contours": contours}), np.concatenate(points).astype("<f8").tobytes()]


def contours_of(parts: list[bytes]) -> Contours:
    """Raises ValueError and others for what no child of ours says."""
    said, raw = parts
    found = json.loads(said)
    points = np.frombuffer(raw, "<f8").reshape(-1, 3)
    demand(len(found["regions"]) <= MOST_REGIONS and 0 < len(found["contours"]) <= MOST_CONTOURS)
    demand(np.isfinite(points).all() and np.abs(points).max(initial=0) <= FURTHEST)
    regions = tuple(
        Region(int(number), text(label, LABEL_CHARACTERS), _colour(colour), text(frame, 64))
        for number, label, colour, frame in found["regions"]
    )
    contours = tuple(
        Contour(
            whole(at, 0, len(regions) - 1), whole(first, 0, len(points)), whole(count, 1, len(points)), closed is True
        )
        for at, first, count, closed in found["contours"]
    )
    return Contours(regions, contours, points)


def _points(contour: Dataset) -> Doubles:
    """Read off the bytes: pydicom makes an object of each of a million numbers."""
    element = contour.get_item(_CONTOUR_DATA) if _CONTOUR_DATA in contour else None
    if isinstance(element, RawDataElement):
        values = np.array((element.value or b"").split(b"\\")).astype(np.float64)
    else:
        values = np.asarray(contour.get("ContourData") or [], dtype=np.float64)
    if values.size % 3 or not values.size:
        raise SetAside(EvidenceFault.UNREADABLE)
    if not np.isfinite(values).all() or np.abs(values).max() > FURTHEST:
        raise SetAside(EvidenceFault.NUMBERS_ODD)
    return values.reshape(-1, 3)


def _colour(found: list[int]) -> Colour:
    red, green, blue = (whole(part, 0, 255) for part in found)
    return red, green, blue

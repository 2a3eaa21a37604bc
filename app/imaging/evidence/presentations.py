"""What a grayscale presentation state (PS3.3 A.33.1) says of each picture that it names. Drawing is in
app/imaging/display/presenting. What is not drawn is named: a rotation by no quarter, a bitmap as shutter.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pydicom.dataset import Dataset

from app.dicom.element_values import value_of
from app.dicom.part10 import ParsedFile
from app.dicom.uids import is_uid
from app.imaging.display.window import FUNCTIONS
from app.imaging.evidence.checks import demand, items_of, number, numbers, plain, short_text, text, whole
from app.imaging.evidence.key_objects import MOST_FRAMES, frames_of
from app.imaging.evidence.kinds import EvidenceFault, SetAside
from app.imaging.header.lut import Lut, entries
from app.imaging.header.lut_reading import MAX_ENTRIES, read_lut
from app.imaging.header.overlay_reading import MOST_PACKED, read_overlays
from app.imaging.header.presentation import Drawing, Presentation, Shutter
from app.imaging.header.reading import MAX_FRAME_PIXELS, MAX_SIDE

GRAYSCALE = "1.2.840.10008.5.1.4.1.1.11.1"
MOST_PICTURES, MOST_DRAWINGS, MOST_NUMBERS, MOST_LOOKS = 2000, 500, 4000, 64
MOST_OVERLAYS = 16
LABEL_CHARACTERS, TEXT_CHARACTERS = 64, 512
SHUTTERS = {"RECTANGULAR": 4, "CIRCULAR": 3, "POLYGONAL": 6}
"""With how many numbers each has, at least."""
DRAWN = {"POINT": 2, "POLYLINE": 4, "INTERPOLATED": 4, "CIRCLE": 4, "ELLIPSE": 8, "TEXT": 2}
NOT_DRAWN = frozenset({"rotation", "bitmap_shutter"})


@dataclass(frozen=True)
class Presentations:
    """`pictures`: SOP Instance UID, frames from 1 (none: all) and the place of its look. `not_drawn`: of NOT_DRAWN."""

    label: str
    created: str
    pictures: tuple[tuple[str, tuple[int, ...], int], ...]
    looks: tuple[Presentation, ...]
    not_drawn: tuple[str, ...]


def read_presentations(parsed: ParsedFile) -> list[bytes]:
    """Raises SetAside."""
    ds = parsed.dataset
    if short_text(ds, "SOPClassUID", 64) != GRAYSCALE:
        raise SetAside(EvidenceFault.NO_WAY)
    named = [
        (short_text(image, "ReferencedSOPInstanceUID", 64), frames_of(image))
        for series in items_of(ds, "ReferencedSeriesSequence")
        for image in items_of(series, "ReferencedImageSequence")
    ]
    if len(named) > MOST_PICTURES:
        raise SetAside(EvidenceFault.TOO_MANY_PARTS)
    looks: dict[str, int] = {}
    pictures = []
    for uid, frames in named:
        look = json.dumps(_look(ds, uid).to_json(), sort_keys=True)
        pictures.append([uid, frames, looks.setdefault(look, len(looks))])
        if len(looks) > MOST_LOOKS:
            raise SetAside(EvidenceFault.TOO_MANY_PARTS)
    if not pictures:
        raise SetAside(EvidenceFault.UNREADABLE)
    created = short_text(ds, "PresentationCreationDate", 8) + short_text(ds, "PresentationCreationTime", 16)
    label = short_text(ds, "ContentDescription", LABEL_CHARACTERS) or short_text(ds, "ContentLabel", LABEL_CHARACTERS)
    said = {"label": label, "created": created, "pictures": pictures, "not_drawn": _not_drawn(ds)}
    return [plain(said | {"looks": [json.loads(look) for look in looks]})]


def presentations_of(parts: list[bytes]) -> Presentations:
    """Raises ValueError and others for what no child of ours says."""
    [said] = parts
    found = json.loads(said)
    demand(len(found["pictures"]) <= MOST_PICTURES and 0 < len(found["looks"]) <= MOST_LOOKS)
    looks = tuple(checked(Presentation.from_json(look)) for look in found["looks"])
    demand(all(is_uid(uid) for uid, _, _ in found["pictures"]))
    pictures = tuple(
        (str(uid), tuple(whole(frame, 1, MOST_FRAMES) for frame in frames), whole(look, 0, len(looks) - 1))
        for uid, frames, look in found["pictures"]
    )
    demand(set(found["not_drawn"]) <= NOT_DRAWN)
    return Presentations(
        text(found["label"], LABEL_CHARACTERS), text(found["created"], 24), pictures, looks, tuple(found["not_drawn"])
    )


def checked(look: Presentation) -> Presentation:
    """The look, when every number of it can be drawn. Raises ValueError."""
    whole(look.shutter_grey, 0, 255)
    demand(len(look.drawings) <= MOST_DRAWINGS and len(look.shutters) <= len(SHUTTERS))
    for shutter in look.shutters:
        demand(SHUTTERS[shutter.kind] <= len(shutter.numbers) <= MOST_NUMBERS)
        demand(shutter.kind == "POLYGONAL" or len(shutter.numbers) == SHUTTERS[shutter.kind])
        demand(len(shutter.numbers) % 2 == 0 or shutter.kind == "CIRCULAR")
    for drawing in look.drawings:
        demand(DRAWN[drawing.kind] <= len(drawing.points) <= MOST_NUMBERS and len(drawing.points) % 2 == 0)
        text(drawing.text, TEXT_CHARACTERS)
    drawn = [value for each in (*look.shutters,) for value in each.numbers]
    drawn += [value for drawing in look.drawings for value in drawing.points]
    for value in (*drawn, *(look.window or ()), look.intercept, look.slope or 0.0):
        number(value)
    demand(look.window is None or look.window[1] > 0)
    demand(look.voi_function in FUNCTIONS and look.shape in ("IDENTITY", "INVERSE"))
    whole(look.turns, 0, 3)
    demand(isinstance(look.mirrored, bool))
    if look.area is not None:
        left, top, right, bottom = (number(edge) for edge in look.area)
        demand(abs(left) <= MAX_SIDE and abs(top) <= MAX_SIDE and left < right <= MAX_SIDE and top < bottom <= MAX_SIDE)
    demand(len(look.overlays) <= MOST_OVERLAYS)
    for overlay in look.overlays:
        sides = [whole(side, 1, MAX_SIDE) for side in (overlay.rows, overlay.columns)]
        demand(sides[0] * sides[1] * whole(overlay.frames or 1, 1, MOST_FRAMES) <= MAX_FRAME_PIXELS)
        demand(overlay.position is None and len(overlay.bits) <= MOST_PACKED)
        whole(overlay.top, -MAX_SIDE, MAX_SIDE), whole(overlay.left, -MAX_SIDE, MAX_SIDE)
    for lut in (look.modality_lut, look.voi_lut, look.presentation_lut):
        demand(lut is None or (whole(lut.bits, 1, 16) and 1 < len(entries(lut)) <= MAX_ENTRIES))
    return look


def _look(ds: Dataset, uid: str) -> Presentation:
    """What the state says of one picture. Raises SetAside for numbers that make no sense."""
    window, function, voi_lut = _voi(ds, uid)
    turns, mirrored = _pose(ds)
    try:
        return checked(
            Presentation(
                shutters=tuple(_shutters(ds)),
                shutter_grey=int(value_of(ds, "ShutterPresentationValue", 0)) * 255 // 65_535,
                drawings=tuple(islice(_drawings(ds, uid), MOST_DRAWINGS + 1)),
                slope=_one(ds, "RescaleSlope"),
                intercept=_one(ds, "RescaleIntercept") or 0.0,
                modality_lut=read_lut(ds, "ModalityLUTSequence", signed=False),
                window=window,
                voi_function=function,
                voi_lut=voi_lut,
                shape="INVERSE" if short_text(ds, "PresentationLUTShape", 16) == "INVERSE" else "IDENTITY",
                presentation_lut=read_lut(ds, "PresentationLUTSequence", signed=False),
                overlays=tuple(each for each in read_overlays(ds, 0) if each.bits),
                turns=turns,
                mirrored=mirrored,
                area=_area(ds, uid),
            )
        )
    except (TypeError, ValueError, LookupError, OverflowError):
        raise SetAside(EvidenceFault.NUMBERS_ODD) from None


def _voi(ds: Dataset, uid: str) -> tuple[tuple[float, float] | None, str, Lut | None]:
    for item in items_of(ds, "SoftcopyVOILUTSequence"):
        if not _is_of(item, uid):
            continue
        centers, widths = numbers(value_of(item, "WindowCenter")), numbers(value_of(item, "WindowWidth"))
        if centers and widths:
            function = short_text(item, "VOILUTFunction", 16)
            return (centers[0], widths[0]), function if function in FUNCTIONS else "LINEAR", None
        return None, "LINEAR", read_lut(item, "VOILUTSequence", signed=False)
    return None, "LINEAR", None


def _shutters(ds: Dataset) -> list[Shutter]:
    """The image shows where all of them are open."""
    shapes = value_of(ds, "ShutterShape")
    shapes = [shapes] if isinstance(shapes, str) else list(shapes or ())
    edges = ("LeftVerticalEdge", "RightVerticalEdge", "UpperHorizontalEdge", "LowerHorizontalEdge")
    found = []
    for shape in shapes:
        if shape == "RECTANGULAR":
            values = [value for edge in edges for value in numbers(value_of(ds, f"Shutter{edge}"))]
        elif shape == "CIRCULAR":
            values = [
                *numbers(value_of(ds, "CenterOfCircularShutter")),
                *numbers(value_of(ds, "RadiusOfCircularShutter")),
            ]
        elif shape == "POLYGONAL":
            values = numbers(value_of(ds, "VerticesOfThePolygonalShutter"))
        else:
            continue
        found.append(Shutter(str(shape), tuple(values)))
    return found


def _drawings(ds: Dataset, uid: str) -> Any:
    for annotation in items_of(ds, "GraphicAnnotationSequence"):
        if not _is_of(annotation, uid):
            continue
        for graphic in items_of(annotation, "GraphicObjectSequence"):
            kind = short_text(graphic, "GraphicType", 16)
            if kind in DRAWN:
                yield Drawing(
                    kind,
                    tuple(numbers(value_of(graphic, "GraphicData"))),
                    short_text(graphic, "GraphicAnnotationUnits", 16) == "DISPLAY",
                    short_text(graphic, "GraphicFilled", 4) == "Y",
                )
        for written in items_of(annotation, "TextObjectSequence"):
            corner, of_corner = numbers(value_of(written, "BoundingBoxTopLeftHandCorner")), "BoundingBoxAnnotationUnits"
            if not corner:
                corner, of_corner = numbers(value_of(written, "AnchorPoint")), "AnchorPointAnnotationUnits"
            said = short_text(written, "UnformattedTextValue", TEXT_CHARACTERS)
            yield Drawing("TEXT", tuple(corner[:2]), short_text(written, of_corner, 16) == "DISPLAY", text=said)


def _is_of(item: Dataset, uid: str) -> bool:
    """An item without references is of every picture."""
    named = items_of(item, "ReferencedImageSequence")
    return not named or any(short_text(image, "ReferencedSOPInstanceUID", 64) == uid for image in named)


def _one(ds: Dataset, keyword: str) -> float | None:
    found = numbers(value_of(ds, keyword))
    return found[0] if found else None


def _pose(ds: Dataset) -> tuple[int, bool]:
    """Quarters to the right after mirroring. The standard turns first and mirrors then (PS3.3 C.10.6), which is the
    same as mirrored first and turned the other way round. A rotation by no quarter is none."""
    degrees = _degrees(ds)
    turns, mirrored = 0 if degrees % 90 else int(degrees // 90) % 4, short_text(ds, "ImageHorizontalFlip", 4) == "Y"
    return (-turns % 4 if mirrored else turns), mirrored


def _degrees(ds: Dataset) -> float:
    return _one(ds, "ImageRotation") or 0.0


def _area(ds: Dataset, uid: str) -> tuple[float, float, float, float] | None:
    """Edges of the displayed area of one picture (PS3.3 C.10.4). Of a turned picture the corner that is named first is
    not the one with the smaller numbers."""
    for item in items_of(ds, "DisplayedAreaSelectionSequence"):
        corners = [numbers(value_of(item, f"DisplayedArea{corner}HandCorner")) for corner in ("TopLeft", "BottomRight")]
        if _is_of(item, uid) and all(len(corner) == 2 for corner in corners):
            (x, other_x), (y, other_y) = (sorted(pair) for pair in zip(*corners, strict=True))
            return x - 1, y - 1, other_x, other_y  # a pixel reaches from its number - 1 to its number
    return None


def _not_drawn(ds: Dataset) -> list[str]:
    found = ["rotation"] if _degrees(ds) % 90 else []
    if "BITMAP" in str(value_of(ds, "ShutterShape", "")):
        found.append("bitmap_shutter")
    return found

"""Puts a QR on a page of somebody else's PDF: at a given place, or where the page is free. Pure; it runs in the child
of `stamping`, because the file may be hostile.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, ContentStream, DecodedStreamObject, NameObject

from app.services.paper.marked_areas import Areas, Box, OddPage

POINTS = 72 / 25.4
"""Points of a millimetre."""
MARGIN_MM, STEP_MM = 5.0, 5.0
MOST_PAGES = 50
LARGEST_MM = 1200.0


class Unstampable(ValueError):
    """The text is for the sender and quotes nothing of the file."""


@dataclass(frozen=True)
class Wanted:
    """`page` counts from 1. `left_mm` and `top_mm`: of the QR with its quiet zone, from the upper left corner of the
    page as it is seen; None: where the page is free."""

    page: int = 1
    left_mm: float | None = None
    top_mm: float | None = None


def stamped(pdf: bytes, modules: list[list[bool]], symbol_mm: float, quiet: int, wanted: Wanted) -> bytes:
    """The file with the QR on it, else unchanged. `quiet`: modules of white around the symbol. Raises Unstampable."""
    reader = _opened(pdf)
    if not 1 <= wanted.page <= len(reader.pages):
        raise Unstampable("has no such page")
    writer = PdfWriter(clone_from=reader)
    page = writer.pages[wanted.page - 1]
    if page.get("/UserUnit", 1) != 1:
        raise Unstampable("measures its page in a unit of its own")
    if page.rotation % 360:
        page.transfer_rotation_to_content()
    whole = Box(*(float(each) for each in page.cropbox))
    _check_size(whole)
    side = symbol_mm * (1 + 2 * quiet / len(modules)) * POINTS
    contents = page.get_contents()
    operations = contents.operations if contents is not None else []
    areas = Areas(whole.area)
    areas.follow(operations, page.get("/Resources", {}))
    areas.boxes += _annotations(page)
    place = _given(whole, side, wanted) if wanted.left_mm is not None else _free(whole, side, areas.boxes)
    drawing = _drawing(modules, quiet, place)
    _append(writer, page, contents, areas.open_states, drawing)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _opened(pdf: bytes) -> PdfReader:
    if b"%PDF-" not in pdf[:1024]:
        raise Unstampable("is no PDF")
    reader = PdfReader(io.BytesIO(pdf), strict=False)
    if reader.is_encrypted:
        raise Unstampable("is encrypted")
    if len(reader.pages) > MOST_PAGES:
        raise Unstampable(f"has more than {MOST_PAGES} pages")
    form = reader.root_object.get("/AcroForm")
    if form is not None:
        form = form.get_object()
        if int(form.get("/SigFlags", 0)) & 1:
            raise Unstampable("is signed: a stamp would break its signature")
        if "/XFA" in form:
            raise Unstampable("is an XFA form")
    return reader


def _check_size(whole: Box) -> None:
    longest, shortest = (compare(whole.right - whole.left, whole.top - whole.bottom) for compare in (max, min))
    if not shortest > 0 or longest > LARGEST_MM * POINTS:
        raise Unstampable("has a page of no usable size")


def _annotations(page: Any) -> list[Box]:
    found = []
    for each in page.get("/Annots") or ():
        rectangle = [float(value) for value in each.get_object().get("/Rect", (0, 0, 0, 0))]
        xs, ys = sorted(rectangle[::2]), sorted(rectangle[1::2])
        found.append(Box(xs[0], ys[0], xs[1], ys[1]))
    return found


def _given(whole: Box, side: float, wanted: Wanted) -> Box:
    left = whole.left + (wanted.left_mm or 0) * POINTS
    top = whole.top - (wanted.top_mm or 0) * POINTS
    if not (whole.left <= left and left + side <= whole.right and whole.bottom <= top - side and top <= whole.top):
        raise Unstampable("has no room at the given place: the QR and its quiet zone would leave the page")
    return Box(left, top - side, left + side, top)


def _free(whole: Box, side: float, marked: list[Box]) -> Box:
    """The first place that bears nothing: the corners from the upper right one on, then rows from the top."""
    for left, top in _places(whole, side):
        place = Box(left, top - side, left + side, top)
        if not any(place.meets(box) for box in marked):
            return place
    raise Unstampable("has no free place for the QR: give x_mm and y_mm")


def _places(whole: Box, side: float) -> Iterator[tuple[float, float]]:
    margin, step = MARGIN_MM * POINTS, STEP_MM * POINTS
    first, last = whole.left + margin, whole.right - margin - side
    highest, lowest = whole.top - margin, whole.bottom + margin + side
    if last < first or highest < lowest:
        return
    yield from ((left, top) for top in (highest, lowest) for left in (last, first))
    for row in range(int((highest - lowest) / step) + 1):
        for column in range(int((last - first) / step) + 1):
            yield last - column * step, highest - row * step


def _drawing(modules: list[list[bool]], quiet: int, place: Box) -> bytes:
    """Operators that fill the place with white and the dark modules with black."""
    count = len(modules) + 2 * quiet
    module = (place.right - place.left) / count
    lines = [f"1 g {place.left:.4f} {place.bottom:.4f} {count * module:.4f} {count * module:.4f} re f 0 g"]
    for y, row in enumerate(modules):
        for x, dark in enumerate(row):
            if dark:
                left, bottom = place.left + (quiet + x) * module, place.top - (quiet + y + 1) * module
                lines.append(f"{left:.4f} {bottom:.4f} {module:.4f} {module:.4f} re")
    return "\n".join([*lines, "f"]).encode()


def _append(writer: PdfWriter, page: Any, contents: ContentStream | None, open_states: int, drawing: bytes) -> None:
    """The page's own operators between `q` and as many `Q` as they need, then ours: nothing of theirs moves the QR."""
    before, after = DecodedStreamObject(), DecodedStreamObject()
    before.set_data(b"q\n")
    after.set_data(b"\n" + b"Q " * (open_states + 1) + b"q\n" + drawing + b"\nQ\n")
    own = [] if contents is None else [writer._add_object(contents)]
    parts = [writer._add_object(before), *own, writer._add_object(after)]
    page[NameObject("/Contents")] = ArrayObject(parts)


__all__ = ["OddPage", "Unstampable", "Wanted", "stamped"]

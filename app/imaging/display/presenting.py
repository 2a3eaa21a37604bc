"""Shows a frame as a presentation state wants it: its tables in place of the image's, shutters, drawings and texts.

It runs in a child of `sandbox`. What a presentation state says is in app/imaging/header/presentation.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from app.imaging.display.window import Shown
from app.imaging.header.image_header import ImageHeader
from app.imaging.header.presentation import Drawing, Presentation, Shutter

INK, RIM = 255, 0
LETTERS_SHARE, SMALLEST_LETTER = 40, 10
"""A letter is so small a share of the picture's longer side, and never smaller than so many pixels."""
Point = tuple[float, float]


def presented_header(header: ImageHeader, presentation: Presentation) -> ImageHeader:
    """The header with the state's tables and window for all of its frames."""
    values = header.shared
    if presentation.slope is not None:
        values = replace(values, slope=presentation.slope, intercept=presentation.intercept)
    if presentation.window is not None:
        values = replace(values, windows=(presentation.window,), voi_function=presentation.voi_function)
    elif presentation.voi_lut is not None:
        values = replace(values, windows=())
    own = header.photometric_interpretation
    has_rescale = presentation.slope is not None or presentation.modality_lut is not None
    return replace(
        header,
        shared=values,
        modality_lut=presentation.modality_lut if has_rescale else header.modality_lut,
        voi_lut=presentation.voi_lut or (None if presentation.window else header.voi_lut),
        # the state's shape replaces that of the image, MONOCHROME1 too (PS3.3 C.11.6.1.2, PS3.4 N.2.1.3)
        photometric_interpretation="MONOCHROME2" if own == "MONOCHROME1" else own,
        presentation_lut_shape=presentation.shape,
        overlays=(*header.overlays, *presentation.overlays),
        presentation=presentation,
    )


def presented(shown: Shown, header: ImageHeader) -> Shown:
    """The picture with the shutters and drawings of the header's state; as it is without one."""
    state = header.presentation
    if state is None or not (state.shutters or state.drawings):
        return shown
    picture = Image.fromarray(shown)
    for shutter in state.shutters:
        cover = Image.new("L", picture.size, 255)
        _open(ImageDraw.Draw(cover), shutter)
        grey = state.shutter_grey
        picture.paste(grey if picture.mode == "L" else (grey, grey, grey), mask=cover)
    lying = _Lying(state, picture.size)
    picture = Image.fromarray(lying.laid(np.asarray(picture)))
    draw = ImageDraw.Draw(picture)
    for drawing in state.drawings:
        _draw(draw, drawing, lying)
    return lying.upright(np.asarray(picture))


class _Lying:
    """The picture as the viewer lays it for this state: drawn on so, its texts are read upright there."""

    def __init__(self, state: Presentation, size: tuple[int, int]) -> None:
        """`size`: columns and rows of the picture before."""
        self._turns, self._mirrored, self._before = state.turns, state.mirrored, size
        self.size = (size[1], size[0]) if state.turns % 2 else size
        left, top, right, bottom = state.area or (0.0, 0.0, float(size[0]), float(size[1]))
        corners = [self.edge(left, top), self.edge(right, bottom)]
        (self._left, right), (self._top, bottom) = (sorted(pair) for pair in zip(*corners, strict=True))
        self._width, self._height = right - self._left, bottom - self._top

    def laid(self, shown: Shown) -> Shown:
        return np.ascontiguousarray(np.rot90(shown[:, ::-1] if self._mirrored else shown, -self._turns))

    def upright(self, laid: Shown) -> Shown:
        shown = np.rot90(laid, self._turns)
        return np.ascontiguousarray(shown[:, ::-1] if self._mirrored else shown)

    def edge(self, x: float, y: float) -> Point:
        """A place in pixels from the left and the upper edge, where it lies now."""
        columns, rows = self._before
        x = columns - x if self._mirrored else x
        for _ in range(self._turns):
            x, y, columns, rows = rows - y, x, rows, columns
        return x, y

    def points(self, drawing: Drawing) -> list[Point]:
        """Pixels, from 0 at the middle of the first one. Shares are those of the displayed area (PS3.3 C.10.5)."""
        pairs = zip(drawing.points[::2], drawing.points[1::2], strict=True)
        if drawing.is_relative:
            return [(self._left + x * self._width - 0.5, self._top + y * self._height - 0.5) for x, y in pairs]
        edges = (self.edge(x - 0.5, y - 0.5) for x, y in pairs)
        return [(x - 0.5, y - 0.5) for x, y in edges]


def _open(draw: ImageDraw.ImageDraw, shutter: Shutter) -> None:
    numbers = shutter.numbers
    if shutter.kind == "RECTANGULAR":
        left, right, upper, lower = (number - 1 for number in numbers)
        if left <= right and upper <= lower:
            draw.rectangle((left, upper, right, lower), fill=0)
    elif shutter.kind == "CIRCULAR":
        row, column, radius = numbers[0] - 1, numbers[1] - 1, numbers[2]
        draw.ellipse((column - radius, row - radius, column + radius, row + radius), fill=0)
    else:
        corners = [(column - 1, row - 1) for row, column in zip(numbers[::2], numbers[1::2], strict=True)]
        draw.polygon(corners, fill=0, outline=0)


def _draw(draw: ImageDraw.ImageDraw, drawing: Drawing, lying: _Lying) -> None:
    points, size = lying.points(drawing), lying.size
    width = max(1, round(max(size) / 512))
    if drawing.kind == "TEXT":
        letter = max(SMALLEST_LETTER, max(size) // LETTERS_SHARE)
        font = ImageFont.load_default(size=letter)
        draw.multiline_text(points[0], drawing.text, fill=INK, font=font, stroke_width=1, stroke_fill=RIM)
    elif drawing.kind == "POINT":
        (x, y), arm = points[0], 4 * width
        draw.line((x - arm, y, x + arm, y), fill=INK, width=width)
        draw.line((x, y - arm, x, y + arm), fill=INK, width=width)
    elif drawing.kind == "CIRCLE":
        (x, y), (edge_x, edge_y) = points[:2]
        radius = float(np.hypot(edge_x - x, edge_y - y))
        _round(draw, _circle((x, y), (radius, 0.0), (0.0, radius)), drawing, width)
    elif drawing.kind == "ELLIPSE":
        ends = np.asarray(points[:4])
        middle, major, minor = ends[:2].mean(axis=0), (ends[1] - ends[0]) / 2, (ends[3] - ends[2]) / 2
        _round(draw, _circle(tuple(middle), tuple(major), tuple(minor)), drawing, width)
    else:
        _round(draw, points, drawing, width)


def _round(draw: ImageDraw.ImageDraw, corners: list[Point], drawing: Drawing, width: int) -> None:
    if drawing.is_filled and len(corners) > 2:
        draw.polygon(corners, fill=INK)
    draw.line(corners, fill=INK, width=width)


def _circle(middle: Point, major: Point, minor: Point) -> list[Point]:
    turns = np.linspace(0, 2 * np.pi, 91)
    found = np.asarray(middle) + np.outer(np.cos(turns), major) + np.outer(np.sin(turns), minor)
    return [(float(x), float(y)) for x, y in found]

"""Mean, spread and extremes of a frame's values inside an outline. What an outline measures in the patient is told in
app/services/pictures/measuring; this runs in a child of `sandbox`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from app.imaging.codecs.decode import DecodedFrame
from app.imaging.display.window import Rescale
from app.imaging.errors import UndecodableFrame
from app.imaging.header.image_header import ImageHeader


class Shape(StrEnum):
    """What fills the box of an outline."""

    RECTANGLE = "rectangle"
    ELLIPSE = "ellipse"


@dataclass(frozen=True)
class Outline:
    """A shape in a box; the sides of the box are shares of the picture's width and height, from 0 to 1."""

    shape: Shape
    left: float
    top: float
    right: float
    bottom: float


def statistics(decoded: DecodedFrame, header: ImageHeader, number: int, outline: Outline) -> bytes:
    """JSON `{pixels, mean, sd, least, greatest}` of the pixels whose middle lies in the outline, in modality units (HU
    for CT); only `pixels` when there are none. `sd` is that of these pixels, not of a sample.

    Padding, and rows that a damaged stream lost, do not count. Raises UndecodableFrame for colour.
    """
    if decoded.pixels.ndim != 2 or header.palette is not None:
        raise UndecodableFrame("colour has no values")
    stored = _inside(decoded, outline)
    if header.padding is not None:
        stored = stored[(stored < header.padding[0]) | (stored > header.padding[1])]
    values = header.values(number)
    found = Rescale(header.modality_lut, values.slope, values.intercept)(stored.astype(np.float64))
    found = found[np.isfinite(found)]
    told: dict[str, float] = {"pixels": int(found.size)}
    if found.size:
        told |= {"mean": float(found.mean()), "sd": float(found.std())}
        told |= {"least": float(found.min()), "greatest": float(found.max())}
    return json.dumps(told).encode()


def _inside(decoded: DecodedFrame, outline: Outline) -> npt.NDArray[Any]:
    """The stored values inside; the middle of pixel i lies at i + 0.5."""
    rows, columns = decoded.pixels.shape
    top, bottom = sorted((outline.top * rows, outline.bottom * rows))
    left, right = sorted((outline.left * columns, outline.right * columns))
    lines, first_row = _whole(top, bottom, rows if decoded.lost_from is None else decoded.lost_from)
    dots, first_column = _whole(left, right, columns)
    box = decoded.pixels[first_row : first_row + lines, first_column : first_column + dots]
    if outline.shape is Shape.RECTANGLE or not box.size:
        return box.reshape(-1)
    y = (np.arange(lines) + first_row + 0.5 - (top + bottom) / 2) / ((bottom - top) / 2)
    x = (np.arange(dots) + first_column + 0.5 - (left + right) / 2) / ((right - left) / 2)
    inside: npt.NDArray[Any] = box[np.square(y)[:, None] + np.square(x)[None, :] <= 1.0]
    return inside


def _whole(low: float, high: float, length: int) -> tuple[int, int]:
    """How many pixels have their middle between low and high, and the first of them."""
    first = max(0, int(np.ceil(low - 0.5)))
    return max(0, min(length, int(np.floor(high - 0.5)) + 1) - first), first

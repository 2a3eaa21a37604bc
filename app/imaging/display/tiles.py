"""Tiles of pictures that are too large for the canvas of a phone: level 0 shows the sensor's own pixels, each further
level half as many on a side. Which tile is wanted is in `render_spec`; it runs in a child of `sandbox`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from app.imaging.codecs.decode import DecodedFrame
from app.imaging.display.aspect import squared
from app.imaging.display.marks import hatched
from app.imaging.display.overlays import with_overlays
from app.imaging.display.presenting import presented
from app.imaging.display.window import Shown, Window, chosen_window, to_display
from app.imaging.errors import BadRegion
from app.imaging.header.image_header import ImageHeader

TILE_SIDE = 512
LARGEST_WHOLE = 2048
"""Pixels on the longer side of a picture that needs no tiles."""
MOST_LEVELS = 8


@dataclass(frozen=True)
class Tile:
    """Column `x` and row `y` of the tiles of a level, all from 0."""

    level: int
    x: int
    y: int


def levels_of(rows: int, columns: int) -> int | None:
    """How many levels a picture of this size has; the last one fits into a tile or two. None when it needs no tiles."""
    longest = max(rows, columns)
    if longest <= LARGEST_WHOLE:
        return None
    return min(MOST_LEVELS, 1 + int(np.ceil(np.log2(longest / (2 * TILE_SIDE)))))


def tile_of(decoded: DecodedFrame, header: ImageHeader, number: int, tile: Tile, window: Window | None) -> Shown:
    """The picture of one tile; at the right and at the bottom it is smaller. Raises BadRegion when there is none."""
    is_plain = not header.overlays and header.pixel_aspect == 1.0 and decoded.lost_from is None
    is_plain = is_plain and header.presentation is None
    whole = None if is_plain else _whole(decoded, header, number, window)
    rows, columns = decoded.pixels.shape[:2] if whole is None else whole.shape[:2]
    levels = levels_of(rows, columns)
    if levels is None or not 0 <= tile.level < levels:
        raise BadRegion("there is no such level")
    side = TILE_SIDE << tile.level
    top, left = tile.y * side, tile.x * side
    if not (0 <= top < rows and 0 <= left < columns):
        raise BadRegion("there is no such tile")
    part = np.s_[top : top + side, left : left + side]
    if whole is not None:
        shown = whole[part]
    else:  # only these pixels go through the window, but the whole frame decides which window that is
        piece = replace(decoded, pixels=decoded.pixels[part])
        shown = to_display(piece, header, chosen_window(decoded, header, window, number), number)
    return shown if tile.level == 0 else np.asarray(Image.fromarray(shown).reduce(1 << tile.level))


def _whole(decoded: DecodedFrame, header: ImageHeader, number: int, window: Window | None) -> Shown:
    shown = with_overlays(to_display(decoded, header, window, number), decoded, header, number)
    shown = presented(shown if decoded.lost_from is None else hatched(shown, decoded.lost_from), header)
    return squared(shown, header.pixel_aspect)

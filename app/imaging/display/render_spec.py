"""What a caller asks of the renderer: a frame and the wanted pictures of it. They are drawn in `pictures`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.imaging.display.region_statistics import Outline
from app.imaging.display.tiles import Tile
from app.imaging.display.window import Window
from app.imaging.header.image_header import ImageHeader

VALUES_DIGEST = "values-digest"
"""No picture but a digest of the frame's stored values: equal for equal pixels, however they are coded."""
STORED_VALUES = "stored-values"
"""No picture but the colour space, a line feed, and the frame as native little-endian pixels (PS3.5 8.1)."""
PACKED = "working-copy"
"""No picture but the frame's working copy (app/imaging/codecs/working_copy); empty where the frame can have none."""
VALUES = "values"
"""No picture but the frame's stored values as plain numbers (app/imaging/display/plain_values)."""

REGION_STATISTICS = "region-statistics"
"""No picture but mean and spread of the values in `outline` (app/imaging/display/region_statistics)."""
FULL_DEPTH = "full-depth"
"""No picture but the values for those who draw windows themselves (app/imaging/display/full_depth)."""


@dataclass(frozen=True)
class RenderSpec:
    """One wanted picture of a frame. `longest`: pixels on the longer side. A picture of more than `max_bytes` gets a
    lower quality in steps, and then a smaller size."""

    fmt: str = "jpg"
    longest: int | None = None
    window: Window | None = None
    quality: int = 85
    max_bytes: int | None = None
    viewport: tuple[int, int, int, int] | None = None
    """Source region x, y, width, height in pixels (PS3.18 8.3.5.1.3)."""
    mirrored: tuple[bool, bool] = (False, False)
    """Left to right, and top to bottom."""
    tile: Tile | None = None
    """One tile instead of the whole picture."""
    coarser: int = 1
    """Of VALUES: the mean of squares of so many pixels a side."""
    outline: Outline | None = None
    """Of REGION_STATISTICS."""


@dataclass(frozen=True)
class RenderTask:
    """One frame and the wanted pictures of it.

    `frame`: the encoded bytes, or a function that reads them when they are needed; its errors go to the caller.
    `token` names the frame and changes when its bytes change. A child keeps the decoded pixels under the token for a
    while, so another window of the same frame needs no decoding.

    `whole` names an object that is deflated as a whole: then `frame` gives the object's bytes. Only one child at a time
    inflates the object, once, and keeps it for a while. Without `specs` the answer is the frame's own bytes.
    """

    header: ImageHeader | None
    frame: bytes | Callable[[], bytes]
    number: int
    specs: tuple[RenderSpec, ...]
    token: str | None = None
    whole: str | None = None

    def read(self) -> bytes:
        return self.frame if isinstance(self.frame, bytes) else self.frame()

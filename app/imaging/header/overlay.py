"""Overlay planes of an image (PS3.3 C.9.2): graphics that are drawn over it. Reading them is `overlay_reading`."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Overlay:
    """One plane. `top` and `left` count from 0 and may lie outside the image. `bits`: one a pixel, the first in the
    least significant bit, deflated, in base64; empty for a plane in bit `position` of the pixels themselves."""

    rows: int
    columns: int
    top: int = 0
    left: int = 0
    first_frame: int = 0
    """The image's frame that its first plane belongs to, from 0."""
    frames: int | None = None
    """How many frames have planes of their own; None: one plane belongs to all of them."""
    is_region: bool = False
    """It covers a region of interest, whose inside must stay visible."""
    position: int | None = None
    bits: str = ""

    def plane(self, frame: int) -> Bits | None:
        """(rows, columns) of frame `frame` of the image, from 0; None when it has none."""
        number = 0 if self.frames is None else frame - self.first_frame
        if not 0 <= number < (self.frames or 1):
            return None
        plane: Bits = _planes(self)[number]
        return plane


def packed(bits: bytes) -> str:
    return base64.b64encode(zlib.compress(bits, 9)).decode()


@lru_cache(maxsize=8)
def _planes(overlay: Overlay) -> Bits:
    count = (overlay.frames or 1) * overlay.rows * overlay.columns
    raw = zlib.decompressobj().decompress(base64.b64decode(overlay.bits), -(-count // 8))
    bits = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little", count=count)
    return bits.view(np.bool_).reshape(overlay.frames or 1, overlay.rows, overlay.columns)

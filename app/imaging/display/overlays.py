"""Draws overlay planes over a shown picture: white, as DCMTK does; of a region of interest the outline only."""

from __future__ import annotations

import numpy as np

from app.imaging.codecs.decode import DecodedFrame
from app.imaging.display.window import Shown
from app.imaging.header.image_header import ImageHeader
from app.imaging.header.overlay import Bits, Overlay

WHITE = 255


def with_overlays(shown: Shown, decoded: DecodedFrame, header: ImageHeader, frame: int) -> Shown:
    """The picture with all planes of frame `frame`; what of them lies outside the image is cut off."""
    if not header.overlays:
        return shown
    drawn = shown.copy()
    for overlay in header.overlays:
        plane = decoded.planes.get(overlay.position) if overlay.position is not None else overlay.plane(frame)
        if plane is not None:
            _draw(drawn, _outline(plane) if overlay.is_region else plane, overlay)
    return drawn


def _draw(drawn: Shown, plane: Bits, overlay: Overlay) -> None:
    rows, columns = drawn.shape[:2]
    top, left = max(overlay.top, 0), max(overlay.left, 0)
    bottom, right = min(overlay.top + plane.shape[0], rows), min(overlay.left + plane.shape[1], columns)
    if top < bottom and left < right:
        inside = plane[top - overlay.top : bottom - overlay.top, left - overlay.left : right - overlay.left]
        drawn[top:bottom, left:right][inside] = WHITE


def _outline(plane: Bits) -> Bits:
    """What of a region has a neighbour that is none of it."""
    padded = np.pad(plane, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    outline: Bits = plane & ~inner
    return outline

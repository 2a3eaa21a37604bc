"""Draws the wanted pictures of one frame, and keeps decoded pixels for a while. It runs in a child of `sandbox`."""

from __future__ import annotations

from collections.abc import Sequence

from app.caches.lru import LruCache
from app.imaging.codecs.decode import Pixels, decode_frame
from app.imaging.codecs.encode import encode, fit
from app.imaging.display.render_spec import RenderSpec
from app.imaging.display.window import Shown, to_display
from app.imaging.errors import BadRegion
from app.imaging.header.image_header import ImageHeader

KEPT_BYTES = 64 * 1024 * 1024
QUALITY_STEP, LOWEST_QUALITY = 10, 5


KeptPixels = LruCache[str, Pixels]
"""Recently decoded frames by token."""


def kept_pixels(limit: int = KEPT_BYTES) -> KeptPixels:
    """An empty cache. `limit`: the most bytes that all kept pixels take."""
    return LruCache(limit, weight=lambda pixels: pixels.nbytes)


def decoded(kept: KeptPixels, header: ImageHeader, frame: bytes, number: int, token: str | None) -> Pixels:
    """Stored values of the frame, kept under its token or decoded now. Raises UndecodableFrame, MemoryError."""
    if token:
        return kept.computed(token, lambda: decode_frame(header, frame, number))
    return decode_frame(header, frame, number)


def draw(pixels: Pixels, header: ImageHeader, number: int, specs: Sequence[RenderSpec]) -> list[bytes]:
    """The pictures, in the order of the specs. Raises BadRegion, and ValueError for an unknown format."""
    shown: dict[object, Shown] = {}
    result = []
    for spec in specs:
        if spec.window not in shown:
            shown[spec.window] = to_display(pixels, header, spec.window, number)
        result.append(_picture(shown[spec.window], spec))
    return result


def _picture(shown: Shown, spec: RenderSpec) -> bytes:
    if spec.viewport is not None:
        shown = _region(shown, spec.viewport)
    if spec.longest is not None:
        shown = fit(shown, spec.longest)
    quality = spec.quality
    picture = encode(shown, spec.fmt, quality)
    while spec.max_bytes is not None and len(picture) > spec.max_bytes and max(shown.shape[:2]) > 1:
        if quality > LOWEST_QUALITY:
            quality = max(quality - QUALITY_STEP, LOWEST_QUALITY)
        else:  # the picture is only noise: quality alone does not help
            shown = fit(shown, max(shown.shape[:2]) * 3 // 4)
        picture = encode(shown, spec.fmt, quality)
    return picture


def _region(shown: Shown, viewport: tuple[int, int, int, int]) -> Shown:
    x, y, width, height = viewport
    rows, columns = shown.shape[:2]
    if not (0 <= x < columns and 0 <= y < rows and width > 0 and height > 0):
        raise BadRegion("the region is outside the image")
    return shown[y : y + height, x : x + width]

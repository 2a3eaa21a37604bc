"""Draws the wanted pictures of one frame, and keeps decoded pixels for a while. It runs in a child of `sandbox`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from app.caches.lru import LruCache
from app.imaging.codecs.decode import DecodedFrame, decode_frame
from app.imaging.codecs.encode import encode, fit
from app.imaging.codecs.native_pixels import native_pixels
from app.imaging.codecs.working_copy import packed
from app.imaging.display.aspect import squared
from app.imaging.display.full_depth import full_depth
from app.imaging.display.marks import hatched
from app.imaging.display.overlays import with_overlays
from app.imaging.display.plain_values import plain_values
from app.imaging.display.presenting import presented
from app.imaging.display.region_statistics import statistics
from app.imaging.display.render_spec import (
    FULL_DEPTH,
    PACKED,
    REGION_STATISTICS,
    STORED_VALUES,
    VALUES,
    VALUES_DIGEST,
    RenderSpec,
)
from app.imaging.display.tiles import tile_of
from app.imaging.display.window import Shown, Window, to_display
from app.imaging.errors import BadRegion
from app.imaging.header.image_header import ImageHeader

KEPT_BYTES = 64 * 1024 * 1024
QUALITY_STEP, LOWEST_QUALITY = 10, 5


KeptPixels = LruCache[str, DecodedFrame]
"""The last decoded frames by token."""


def kept_pixels(limit: int = KEPT_BYTES) -> KeptPixels:
    """Empty, bounded by the bytes of the pixels."""
    return LruCache(limit, weight=lambda frame: frame.nbytes)


def frame_decoded(kept: KeptPixels, header: ImageHeader, frame: bytes, number: int, token: str | None) -> DecodedFrame:
    """The frame's stored values: kept under its token, or decoded now. Raises UndecodableFrame, MemoryError."""
    if token:
        return kept.computed(token, lambda: decode_frame(header, frame, number))
    return decode_frame(header, frame, number)


def draw(decoded: DecodedFrame, header: ImageHeader, number: int, specs: Sequence[RenderSpec]) -> list[bytes]:
    """The pictures, in the order of the specs. Raises BadRegion, UndecodableFrame for values that
    are not whole, and ValueError for an unknown format."""
    shown: dict[object, Shown] = {}
    result = []
    for spec in specs:
        if spec.fmt in _NO_PICTURES:
            result.append(_NO_PICTURES[spec.fmt](decoded, header, spec))
            continue
        if spec.fmt == REGION_STATISTICS and spec.outline is not None:
            result.append(statistics(decoded, header, number, spec.outline))
            continue
        if spec.fmt == FULL_DEPTH:
            result.append(full_depth(decoded, header, number))
            continue
        if spec.tile is not None:
            tile = tile_of(decoded, header, number, spec.tile, spec.window)
            result.append(encode(tile, spec.fmt, spec.quality, incomplete=decoded.lost_from is not None))
            continue
        if spec.window not in shown:
            shown[spec.window] = _whole_picture(decoded, header, spec.window, number)
        result.append(_picture(shown[spec.window], spec, header, incomplete=decoded.lost_from is not None))
    return result


def _whole_picture(decoded: DecodedFrame, header: ImageHeader, window: Window | None, number: int) -> Shown:
    shown = with_overlays(to_display(decoded, header, window, number), decoded, header, number)
    return presented(shown if decoded.lost_from is None else hatched(shown, decoded.lost_from), header)


def _packed(decoded: DecodedFrame, _header: ImageHeader, _spec: RenderSpec) -> bytes:
    """Empty for what the copy could not tell again: a damaged frame, and overlays in the pixels' other bits."""
    return b"" if decoded.planes or decoded.lost_from is not None else packed(decoded.pixels)


def _stored_values(decoded: DecodedFrame, header: ImageHeader, _spec: RenderSpec) -> bytes:
    return decoded.colour_space.encode() + b"\n" + native_pixels(decoded, header)


def _values(decoded: DecodedFrame, header: ImageHeader, spec: RenderSpec) -> bytes:
    return plain_values(decoded.pixels, header, spec.coarser).tobytes()


def _values_digest(decoded: DecodedFrame, header: ImageHeader, _spec: RenderSpec) -> bytes:
    """Of shape, colour space, values and overlays in their spare bits; how many bytes a value takes is coding."""
    pixels, space = decoded.pixels, decoded.colour_space if header.samples_per_pixel > 1 else ""
    digest = hashlib.sha256(f"{pixels.shape} {space} {decoded.lost_from} ".encode())
    for row in pixels:  # row by row: the whole as wide numbers might take eight times its room
        digest.update(row.astype("<f8" if pixels.dtype.kind == "f" else "<i8").tobytes())
    for position, plane in sorted(decoded.planes.items()):
        if plane.any():
            digest.update(f" {position} ".encode() + np.packbits(plane).tobytes())
    return digest.digest()


_NO_PICTURES = {VALUES_DIGEST: _values_digest, STORED_VALUES: _stored_values, PACKED: _packed, VALUES: _values}


def _picture(shown: Shown, spec: RenderSpec, header: ImageHeader, *, incomplete: bool) -> bytes:
    if spec.viewport is not None:
        shown = _region(shown, spec.viewport)
    shown = shown[:, ::-1] if spec.mirrored[0] else shown
    shown = shown[::-1] if spec.mirrored[1] else shown
    shown = squared(shown, header.pixel_aspect)
    if spec.longest is not None:
        shown = fit(shown, spec.longest)
    quality = spec.quality
    picture = encode(shown, spec.fmt, quality, incomplete=incomplete)
    while spec.max_bytes is not None and len(picture) > spec.max_bytes and max(shown.shape[:2]) > 1:
        if quality > LOWEST_QUALITY:
            quality = max(quality - QUALITY_STEP, LOWEST_QUALITY)
        else:  # the picture is only noise: quality alone does not help
            shown = fit(shown, max(shown.shape[:2]) * 3 // 4)
        picture = encode(shown, spec.fmt, quality, incomplete=incomplete)
    return picture


def _region(shown: Shown, viewport: tuple[int, int, int, int]) -> Shown:
    x, y, width, height = viewport
    rows, columns = shown.shape[:2]
    if not (0 <= x < columns and 0 <= y < rows and width > 0 and height > 0):
        raise BadRegion("the region is outside the image")
    return shown[y : y + height, x : x + width]

"""Decoded numbers -> stored values within Bits Stored: of a lossless coding masked, of a lossy one clamped."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from app.imaging.header.image_header import ImageHeader
from app.imaging.header.overlay import Bits

Pixels = npt.NDArray[np.generic]


def masked(header: ImageHeader, pixels: Pixels, *, is_native: bool = False) -> Pixels:
    """PS3.5 8.1.1: keep `bits_stored` bits below `high_bit`, sign-extended when pixels are signed. The other bits are
    no picture, but overlays of old objects."""
    if pixels.dtype.kind == "f":
        return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    size = _bytes_each(header, pixels)
    unsigned = pixels.astype(f"=u{size}", copy=False)
    shift = header.high_bit + 1 - header.bits_stored
    if shift > 0 and is_native:
        unsigned = unsigned >> shift
    if header.signed:
        spare = 8 * size - header.bits_stored
        signed: Pixels = (unsigned << spare).view(f"=i{size}") >> spare
        return signed
    if header.bits_stored < 8 * size:
        kept: Pixels = unsigned & unsigned.dtype.type((1 << header.bits_stored) - 1)
        return kept
    return unsigned


def bit_planes(header: ImageHeader, words: Pixels) -> dict[int, Bits]:
    """Overlay planes in the bits around the stored ones (PS3.3 C.9.2, retired), by position."""
    positions = {overlay.position for overlay in header.overlays if overlay.position is not None}
    if not positions or words.ndim != 2 or words.dtype.kind != "u":
        return {}
    low = header.high_bit + 1 - header.bits_stored
    return {at: (words >> at & 1).astype(np.bool_) for at in positions if not low <= at <= header.high_bit}  # type: ignore[operator]


def clamped(header: ImageHeader, pixels: Pixels, precision: int) -> Pixels:
    """What a lossy codec gives beyond `bits_stored` is an overshoot: it takes the nearest value there is. Masked, white
    would become black."""
    if precision <= header.bits_stored:
        return masked(header, pixels)
    size, top = _bytes_each(header, pixels), 1 << header.bits_stored
    wide: npt.NDArray[np.integer[Any]] = pixels.astype(np.int32 if pixels.dtype.itemsize < 4 else np.int64)
    if not header.signed:
        return wide.clip(0, top - 1).astype(f"=u{size}")
    if pixels.dtype.kind == "u":  # two's complement of the stream's bits, or of the label's where none of those is set
        bits = precision if int(wide.max(initial=0)) >> (precision - 1) else header.bits_stored
        wide = wide.clip(0, (1 << bits) - 1)
        wide = wide - ((wide >> (bits - 1)) << bits)
    return wide.clip(-(top >> 1), (top >> 1) - 1).astype(f"=i{size}")


def _bytes_each(header: ImageHeader, pixels: Pixels) -> int:
    return max(pixels.dtype.itemsize, 1 if header.bits_stored <= 8 else 2 if header.bits_stored <= 16 else 4)

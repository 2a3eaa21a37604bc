"""Stored pixel values -> what is shown, 8 bits: PS3.3 C.11.1 (modality), C.11.2 (VOI), C.11.6 (presentation), colour.

Integers of up to 16 bits go through one table per window, so that a slice costs one look-up a pixel.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from app.imaging.decode import colour_space
from app.imaging.header import FrameValues, ImageHeader, Lut

Shown = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float64]
FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


@dataclass(frozen=True)
class Window:
    """A VOI window in modality units (HU for CT)."""

    center: float
    width: float
    function: str = "LINEAR"


def default_window(header: ImageHeader, frame: int = 0) -> Window | None:
    """The header's first window, or None when it has none, has a VOI LUT instead, or is in colour."""
    values = header.values(frame)
    if not values.windows or header.samples_per_pixel > 1 or header.photometric_interpretation == "PALETTE COLOR":
        return None
    center, width = values.windows[0]
    return Window(center, width, _function(values.voi_function))


def to_display(
    pixels: npt.NDArray[np.generic], header: ImageHeader, window: Window | None = None, frame: int = 0
) -> Shown:
    """Pixels as shown: (rows, columns) grey or (rows, columns, 3) RGB, uint8.

    Without `window` the header's own VOI holds; without any, 8-bit pixels are shown as they are and deeper ones from
    the frame's minimum to its maximum, padding left out.
    """
    if header.photometric_interpretation == "PALETTE COLOR" and header.palette is not None:
        return _through_palette(pixels, header)
    if pixels.ndim == 3:
        return _colour(pixels, header)
    values = header.values(frame)
    window = window or default_window(header, frame)
    inverted = header.photometric_interpretation == "MONOCHROME1" or header.presentation_lut_shape == "INVERSE"
    if window is None and header.voi_lut is None:
        window = _whole_range(pixels, header, values)
    if pixels.dtype.kind == "f" or pixels.dtype.itemsize > 2:
        shown = _grey(pixels.astype(np.float64), header, values, window)
        return 255 - shown if inverted else shown
    return np.take(_table(header, values, window, inverted, pixels.dtype.str), pixels.view(f"u{pixels.dtype.itemsize}"))


@lru_cache(maxsize=64)
def _table(header: ImageHeader, values: FrameValues, window: Window | None, inverted: bool, dtype: str) -> Shown:
    """The whole chain for every value a pixel of `dtype` can have, indexed by its unsigned bits."""
    kind = np.dtype(dtype)
    stored = np.arange(1 << (8 * kind.itemsize), dtype=np.uint32).astype(f"u{kind.itemsize}").view(kind)
    shown = _grey(stored.astype(np.float64), header, values, window)
    return 255 - shown if inverted else shown


def _grey(stored: Values, header: ImageHeader, values: FrameValues, window: Window | None) -> Shown:
    rescaled = _modality(stored, header, values)
    if window is not None:
        return (apply_window(rescaled, window) + 0.5).astype(np.uint8)
    assert header.voi_lut is not None
    table = _lut_values(header.voi_lut)
    top = float(table.max()) or 1.0
    return (_look_up(table, header.voi_lut.first, rescaled) * (255.0 / top) + 0.5).astype(np.uint8)


def _modality(stored: Values, header: ImageHeader, values: FrameValues) -> Values:
    """PS3.3 C.11.1: a modality LUT, or slope and intercept."""
    if header.modality_lut is not None:
        return _look_up(_lut_values(header.modality_lut), header.modality_lut.first, stored)
    return stored * values.slope + values.intercept


def apply_window(values: Values, window: Window) -> Values:
    """PS3.3 C.11.2.1.2 (LINEAR, default), C.11.2.1.3.1 (SIGMOID), C.11.2.1.3.2 (LINEAR_EXACT); result 0 … 255."""
    center, width = window.center, window.width
    if window.function == "SIGMOID":
        exponent = np.clip(-4 * (values - center) / width, -700, 700)
        return 255.0 / (1 + np.exp(exponent))
    if window.function == "LINEAR" and width > 1:
        center, width = center - 0.5, width - 1
    elif window.function == "LINEAR":
        return np.where(values > center - 0.5, 255.0, 0.0)
    return np.clip(((values - center) / width + 0.5) * 255.0, 0.0, 255.0)


def _whole_range(pixels: npt.NDArray[np.generic], header: ImageHeader, values: FrameValues) -> Window:
    """8-bit pixels as they are; deeper ones from minimum to maximum."""
    if header.bits_stored <= 8 and pixels.dtype == np.uint8 and header.modality_lut is None:
        low, high = 0.0, float((1 << header.bits_stored) - 1)
    else:
        meant = pixels
        if header.padding is not None:
            kept = pixels[(pixels < header.padding[0]) | (pixels > header.padding[1])]  # type: ignore[operator]
            meant = kept if kept.size else pixels
        finite = meant[np.isfinite(meant)] if meant.dtype.kind == "f" else meant
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    ends = _modality(np.array([low, high]), header, values)
    low, high = float(ends.min()), float(ends.max())
    return Window((low + high) / 2, max(high - low, 1e-9), "LINEAR_EXACT")


def _through_palette(pixels: npt.NDArray[np.generic], header: ImageHeader) -> Shown:
    """PS3.3 C.7.6.3.1.5 and C.7.9: three tables; 16-bit entries keep their high byte, 8-bit ones may sit in 16."""
    assert header.palette is not None
    shown = np.empty((*pixels.shape, 3), np.uint8)
    for channel, lut in enumerate(header.palette):
        table = _lut_values(lut)
        deep = header.palette_bits > 8 and table.max() > 255
        shown[..., channel] = _look_up(table, lut.first, pixels.astype(np.float64)) / (256 if deep else 1)
    return shown


def _colour(pixels: npt.NDArray[np.generic], header: ImageHeader) -> Shown:
    shown = pixels if header.bits_stored <= 8 else pixels >> (header.bits_stored - 8)  # type: ignore[operator]
    bytes_: Shown = np.ascontiguousarray(shown[..., :3].astype(np.uint8))
    return _from_ybr(bytes_) if colour_space(header).startswith("YBR_FULL") else bytes_


def _from_ybr(pixels: Shown) -> Shown:
    """PS3.3 C.7.6.3.1.2: YBR_FULL to RGB."""
    y, cb, cr = (pixels[..., channel].astype(np.float32) for channel in range(3))
    cb, cr = cb - 128, cr - 128
    rgb = np.stack((y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb), axis=-1)
    shown: Shown = (np.clip(rgb, 0, 255) + 0.5).astype(np.uint8)
    return shown


@lru_cache(maxsize=32)
def _lut_values(lut: Lut) -> Values:
    return np.frombuffer(base64.b64decode(lut.values), ">u2").astype(np.float64)


def _look_up(table: Values, first: int, values: Values) -> Values:
    """Values below the first mapped take the first entry, those above the last the last one."""
    at = np.clip(np.nan_to_num(values) - first, 0, len(table) - 1).astype(np.intp)
    found: Values = table[at]
    return found


def _function(name: str) -> str:
    return name if name in FUNCTIONS else "LINEAR"

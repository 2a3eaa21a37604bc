"""Stored pixel values -> shown 8-bit values: PS3.3 C.11.1 (modality), C.11.2 (VOI), C.11.6 (presentation), colour.

Each window has a table for integers of up to 16 bits, so a slice costs one look-up per pixel. Decoding is in `codecs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from app.imaging.codecs.decode import DecodedFrame
from app.imaging.display.contrast import own_range
from app.imaging.header.image_header import ImageHeader
from app.imaging.header.lut import Lut, Values, entries

Shown = npt.NDArray[np.uint8]
Reals = TypeVar("Reals", npt.NDArray[np.float32], npt.NDArray[np.float64])
FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


@dataclass(frozen=True)
class Window:
    """A VOI window in modality units (HU for CT)."""

    center: float
    width: float
    function: str = "LINEAR"


def default_window(header: ImageHeader, frame: int = 0) -> Window | None:
    """The header's first window. None when the header has no window or has a VOI LUT, or the image is in colour."""
    values = header.values(frame)
    if not values.windows or header.samples_per_pixel > 1 or header.photometric_interpretation == "PALETTE COLOR":
        return None
    center, width = values.windows[0]
    return Window(center, width, voi_function(values.voi_function))


def to_display(decoded: DecodedFrame, header: ImageHeader, window: Window | None = None, frame: int = 0) -> Shown:
    """Pixels as shown: (rows, columns) grey or (rows, columns, 3) RGB, uint8.

    Without `window` the header's own VOI holds; without any, 8-bit pixels are shown as they are and deeper ones as
    `contrast` says. Colour has no window.
    """
    pixels = decoded.pixels
    if header.palette is not None:
        return _through(_palette_table(header.palette, pixels.dtype.str), pixels)
    if pixels.ndim == 3:
        return _colour(decoded, header)
    values = header.values(frame)
    rescale = Rescale(header.modality_lut, values.slope, values.intercept)
    voi = window or default_window(header, frame) or header.voi_lut or _own_window(decoded, header, frame)
    inverted = header.photometric_interpretation == "MONOCHROME1" or header.presentation_lut_shape == "INVERSE"
    last = header.presentation.presentation_lut if header.presentation else None
    if pixels.dtype.kind == "f" or pixels.dtype.itemsize > 2:
        return _grey(pixels.astype(np.float64), rescale, voi, inverted, last)
    return _through(_grey_table(rescale, voi, inverted, last, pixels.dtype.str), pixels)


@dataclass(frozen=True)
class Rescale:
    """Stored -> modality values, PS3.3 C.11.1: a modality LUT, or slope and intercept."""

    lut: Lut | None
    slope: float
    intercept: float

    def __call__(self, stored: Values) -> Values:
        return self.lut.look_up(stored) if self.lut is not None else stored * self.slope + self.intercept


def _through(table: Shown, pixels: npt.NDArray[np.generic]) -> Shown:
    """The table's entry for each pixel; the pixel's bits as an unsigned number are the index."""
    return np.take(table, pixels.view(f"u{pixels.dtype.itemsize}"), axis=0, mode="clip")


@lru_cache(maxsize=64)
def _grey_table(rescale: Rescale, voi: Window | Lut, inverted: bool, last: Lut | None, dtype: str) -> Shown:
    return _grey(_every_value(dtype), rescale, voi, inverted, last)


def _every_value(dtype: str) -> Values:
    """The value of each bit pattern in `dtype`, in the order of the patterns as unsigned numbers."""
    kind = np.dtype(dtype)
    return np.arange(1 << (8 * kind.itemsize), dtype=f"u{kind.itemsize}").view(kind).astype(np.float64)


def _grey(stored: Values, rescale: Rescale, voi: Window | Lut, inverted: bool, last: Lut | None) -> Shown:
    """Stored values -> grey levels, through rescale and VOI. The last step is `inverted` (PS3.3 C.7.6.3.1.2
    MONOCHROME1, C.11.6.1.2 INVERSE), or the presentation LUT `last`, over the whole range of the VOI (C.11.6.1.1)."""
    values = rescale(stored)
    grey = voi.look_up(values) * (255.0 / voi.top) if isinstance(voi, Lut) else apply_window(values, voi)
    if last is not None:
        table = entries(last)
        steps = np.rint(np.nan_to_num(grey) / 255.0 * (len(table) - 1)).astype(np.intp)
        grey = table[steps] * (255.0 / ((1 << last.bits) - 1))
    shown = np.clip(np.nan_to_num(grey) + 0.5, 0, 255).astype(np.uint8)
    return 255 - shown if inverted else shown


def apply_window(values: Reals, window: Window) -> Reals:
    """PS3.3 C.11.2.1.2 (LINEAR, default), C.11.2.1.3.1 (SIGMOID), C.11.2.1.3.2 (LINEAR_EXACT); result 0 … 255.

    A LINEAR window is at least 1 wide. Headers have narrower ones all the same, where the values are small fractions:
    they can only mean the exact width.
    """
    center, width = window.center, window.width
    if window.function == "SIGMOID":
        exponent = np.clip(-4 * (values - center) / width, -80, 80)
        shares: Reals = 255.0 / (1 + np.exp(exponent))
        return shares
    if window.function == "LINEAR" and width > 1:
        center, width = center - 0.5, width - 1
    elif window.function == "LINEAR" and width == 1:
        return np.where(values > center - 0.5, 255.0, 0.0)
    grey = values - center
    grey /= width  # in place: a large picture makes no five copies of itself
    grey += 0.5
    grey *= 255.0
    return np.clip(grey, 0.0, 255.0, out=grey)


def chosen_window(decoded: DecodedFrame, header: ImageHeader, window: Window | None, frame: int) -> Window | None:
    """The window that `to_display` takes for the whole frame, for those who show a part of it. None where no window but
    a table decides, or colour has none."""
    if window or header.palette is not None or decoded.pixels.ndim == 3:
        return window
    found = default_window(header, frame)
    return found if found or header.voi_lut else _own_window(decoded, header, frame)


def _own_window(decoded: DecodedFrame, header: ImageHeader, frame: int) -> Window:
    if "own window" not in decoded.known:
        values = header.values(frame)
        rescale = Rescale(header.modality_lut, values.slope, values.intercept)
        # rows that a damaged stream lost hold no values, but what the decoder fills them with
        low, high = own_range(decoded.pixels[: decoded.lost_from or None], header, rescale)
        decoded.known["own window"] = Window((low + high) / 2, max(high - low, 1e-9), "LINEAR_EXACT")
    found: Window = decoded.known["own window"]
    return found


@lru_cache(maxsize=8)
def _palette_table(palette: tuple[Lut, Lut, Lut], dtype: str) -> Shown:
    """RGB for every stored value (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6). 16-bit entries keep their high byte. What the tables
    hold decides, and of all three alike: some declare 16 bits and hold 8-bit entries, or the other way round."""
    stored = _every_value(dtype)
    is_deep = any(entries(lut).max() > 255 for lut in palette)
    columns = [lut.look_up(stored) // (256 if is_deep else 1) for lut in palette]
    return np.stack(columns, axis=-1).astype(np.uint8)


def _colour(decoded: DecodedFrame, header: ImageHeader) -> Shown:
    pixels = decoded.pixels
    shown = pixels if header.bits_stored <= 8 else pixels >> (header.bits_stored - 8)  # type: ignore[operator]
    bytes_: Shown = np.ascontiguousarray(shown[..., :3].astype(np.uint8))
    return _from_ybr(bytes_) if decoded.colour_space.startswith("YBR_FULL") else bytes_


def _from_ybr(pixels: Shown) -> Shown:
    """PS3.3 C.7.6.3.1.2: YBR_FULL to RGB."""
    y, cb, cr = (pixels[..., channel].astype(np.float32) for channel in range(3))
    cb, cr = cb - 128, cr - 128
    rgb = np.stack((y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb), axis=-1)
    shown: Shown = (np.clip(rgb, 0, 255) + 0.5).astype(np.uint8)
    return shown


def voi_function(name: str) -> str:
    return name if name in FUNCTIONS else "LINEAR"

"""The window of an image whose header has none, off the frame's own pixels: docs/design.md, section 5."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from app.imaging.header.image_header import ImageHeader
from app.imaging.header.lut import Values

PERCENTILES = (0.5, 99.5)
"""A few bright or dark pixels, a marker say, must not decide the contrast of all others."""


def own_range(
    pixels: npt.NDArray[np.generic], header: ImageHeader, rescale: Callable[[Values], Values]
) -> tuple[float, float]:
    """What is shown black and white, in modality units: of 8 stored bits all that they can hold, however many are
    allocated for them; of more bits the percentiles of the pixels, padding left out."""
    if header.bits_stored <= 8 and pixels.dtype.kind in "iu" and header.modality_lut is None:
        top = 1 << header.bits_stored
        ends = rescale(np.array([0.0, top - 1.0]) - (top >> 1 if header.signed else 0))
        return float(ends.min()), float(ends.max())
    meant = _meant(pixels, header.padding)
    if header.modality_lut is not None:
        return _spread(rescale(meant.astype(np.float64)))
    ends = rescale(np.array(_spread(meant)))
    return float(ends.min()), float(ends.max())


def _meant(pixels: npt.NDArray[Any], padding: tuple[float, float] | None) -> npt.NDArray[Any]:
    """The pixels that are neither padding nor without value (PS3.3 C.7.5.1.1.2); all of them when none is left."""
    if pixels.dtype.kind == "f":
        pixels = pixels[np.isfinite(pixels)]
    if padding is None:
        return pixels
    meant = pixels[(pixels < padding[0]) | (pixels > padding[1])]
    return meant if meant.size else pixels


def _spread(values: npt.NDArray[Any]) -> tuple[float, float]:
    """Of an image that is all one value but for a few pixels these make the contrast."""
    if not values.size:
        return 0.0, 1.0
    low, high = (_percentile(values, share) for share in PERCENTILES)
    return (low, high) if low < high else (float(values.min()), float(values.max()))


def _percentile(values: npt.NDArray[Any], share: float) -> float:
    """As `np.percentile`, which imports modules when it is called: in a caged child it cannot."""
    place = (values.size - 1) * share / 100
    below = int(place)
    above = min(below + 1, values.size - 1)
    low, high = np.partition(values, (below, above), axis=None)[[below, above]].astype(float)
    return float(low + (high - low) * (place - below))

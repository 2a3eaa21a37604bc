"""The stored values of a frame as plain numbers of one kind, for those who compute with them: volumes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from app.imaging.errors import UndecodableFrame
from app.imaging.header.image_header import ImageHeader


def kind_of(header: ImageHeader) -> str:
    """The numpy kind that holds every stored value of such an image."""
    if header.pixel_keyword != "PixelData" or header.bits_stored > 16:
        return "<f4"
    return "<i2" if header.signed else "<u2"


def plain_values(pixels: npt.NDArray[Any], header: ImageHeader, coarser: int = 1) -> npt.NDArray[Any]:
    """The values (rows, columns) as `kind_of` says; `coarser` takes the mean of squares of so many pixels a side, and
    leaves out what is no whole square at the right and at the bottom. Raises UndecodableFrame for colour."""
    if pixels.ndim != 2:
        raise UndecodableFrame("colour has no values")
    kind = kind_of(header)
    if coarser > 1:
        rows, columns = (length // coarser for length in pixels.shape)
        blocks = pixels[: rows * coarser, : columns * coarser].reshape(rows, coarser, columns, coarser)
        means = blocks.mean(axis=(1, 3), dtype=np.float64 if kind == "<f4" else np.float32)
        pixels = means if kind == "<f4" else np.rint(means)
    return np.ascontiguousarray(pixels.astype(kind))

"""Shown pixels -> JPEG or PNG bytes, and scaling down. Which picture is wanted: app/imaging/display/render_spec."""

from __future__ import annotations

import io

import numpy as np
import simplejpeg
from PIL import Image

from app.imaging.display.window import Shown

FORMATS = ("jpg", "png")


def encode(shown: Shown, fmt: str, quality: int = 85) -> bytes:
    """Grey (rows, columns) or RGB (rows, columns, 3) as a `jpg` or `png`. Raises ValueError for another format."""
    if fmt == "jpg":
        if shown.ndim == 2:
            grey = np.ascontiguousarray(shown)[..., np.newaxis]
            return bytes(simplejpeg.encode_jpeg(grey, quality=quality, colorspace="GRAY", fastdct=False))
        return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(shown), quality=quality, colorsubsampling="420"))
    if fmt == "png":
        buffer = io.BytesIO()
        Image.fromarray(shown).save(buffer, "PNG", compress_level=3)
        return buffer.getvalue()
    raise ValueError(f"no such format: {fmt}")


def fit(shown: Shown, longest: int) -> Shown:
    """Scale down to `longest` pixels on the longer side, by area average. A smaller picture is not enlarged."""
    rows, columns = shown.shape[:2]
    if max(rows, columns) <= longest:
        return shown
    scale = longest / max(rows, columns)
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    return np.asarray(Image.fromarray(shown).resize(size, Image.Resampling.BOX))

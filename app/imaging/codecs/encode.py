"""Shown pixels -> JPEG, WebP or PNG bytes, and scaling down. Which picture is wanted: `display/render_spec`."""

from __future__ import annotations

import io

import numpy as np
import simplejpeg
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from app.imaging.display.window import Shown

FORMATS = ("jpg", "webp", "png", "gif")


WEBP_EFFORT = 2
"""Of 0 to 6; beyond it the picture takes longer and hardly shrinks."""
INCOMPLETE = b"incomplete: the end of its stream is missing"
"""The comment of a picture that does not show all of its frame: it goes with it wherever the picture is kept."""


def is_incomplete(picture: bytes) -> bool:
    """Whether `encode` was told so."""
    return INCOMPLETE in picture[:512]


def encode(shown: Shown, fmt: str, quality: int = 85, *, incomplete: bool = False) -> bytes:
    """Grey (rows, columns) or RGB (rows, columns, 3) in one of FORMATS. Raises ValueError for others."""
    if fmt == "jpg":
        if shown.ndim == 2:
            grey = np.ascontiguousarray(shown)[..., np.newaxis]
            jpeg = bytes(simplejpeg.encode_jpeg(grey, quality=quality, colorspace="GRAY", fastdct=False))
        else:
            rgb = np.ascontiguousarray(shown)
            jpeg = bytes(simplejpeg.encode_jpeg(rgb, quality=quality, colorsubsampling="420"))
        return _commented(jpeg) if incomplete else jpeg
    if fmt == "png":
        buffer = io.BytesIO()
        notes = PngInfo()
        if incomplete:
            notes.add_text("Comment", INCOMPLETE.decode())
        Image.fromarray(shown).save(buffer, "PNG", compress_level=3, pnginfo=notes)
        return buffer.getvalue()
    if fmt == "gif":
        buffer = io.BytesIO()
        Image.fromarray(shown).save(buffer, "GIF", comment=INCOMPLETE if incomplete else b"")
        return buffer.getvalue()
    if fmt == "webp":
        buffer = io.BytesIO()
        note = INCOMPLETE if incomplete else b""
        Image.fromarray(shown).save(buffer, "WEBP", quality=quality, method=WEBP_EFFORT, xmp=note)
        return buffer.getvalue()
    raise ValueError(f"no such format: {fmt}")


def _commented(jpeg: bytes) -> bytes:
    """With a comment segment (ITU-T T.81 B.2.4.5) behind the first one."""
    at = 4 + int.from_bytes(jpeg[4:6], "big")
    return jpeg[:at] + b"\xff\xfe" + (len(INCOMPLETE) + 2).to_bytes(2, "big") + INCOMPLETE + jpeg[at:]


def fit(shown: Shown, longest: int) -> Shown:
    """Scale down to `longest` pixels on the longer side, by area average. A smaller picture is not enlarged."""
    rows, columns = shown.shape[:2]
    if max(rows, columns) <= longest:
        return shown
    scale = longest / max(rows, columns)
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    return np.asarray(Image.fromarray(shown).resize(size, Image.Resampling.BOX))

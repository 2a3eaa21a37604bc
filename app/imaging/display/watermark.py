"""A line of text in the pixels of a finished picture: over its upper and lower edge, and faintly through its middle.
Who is named in it is the caller's.

It reads only pictures that we made ourselves, so it decodes them here and not in a child.
"""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image, ImageDraw, ImageFont

from app.imaging.codecs.encode import encode

EDGE, MIDDLE = 0.75, 0.2
"""How much of the text covers the picture."""
SMALLEST_LETTER, LETTERS_ACROSS = 9, 48
"""A letter's height in pixels: the width of the picture divided by `LETTERS_ACROSS`, but never unreadably small."""
MIME_FORMATS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
Pixels = npt.NDArray[np.uint8]


def stamped(picture: bytes, mimetype: str, text: str, font: Path) -> bytes:
    """The picture with `text` in its pixels, in its own format. Raises ValueError for a mimetype that it does not
    know."""
    if mimetype not in MIME_FORMATS:
        raise ValueError("no format that can be stamped")
    pixels = _decoded(picture, mimetype)
    rows, columns = pixels.shape[:2]
    line = _line(text, columns, str(font))
    height = min(line.shape[0], rows)
    for top, weight in ((0, EDGE), (rows // 2 - height // 2, MIDDLE), (rows - height, EDGE)):
        _blend(pixels[top : top + height], line[:height], weight)
    if MIME_FORMATS[mimetype] == "webp":
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "WEBP", quality=85)
        return buffer.getvalue()
    return encode(pixels, MIME_FORMATS[mimetype])


def _decoded(picture: bytes, mimetype: str) -> Pixels:
    """Grey (rows, columns) or RGB (rows, columns, 3), which may be written to."""
    if mimetype == "image/jpeg":
        _, _, colours, _ = simplejpeg.decode_jpeg_header(picture)
        if colours.lower() == "gray":
            return np.array(simplejpeg.decode_jpeg(picture, colorspace="GRAY")[..., 0])
        return np.array(simplejpeg.decode_jpeg(picture, colorspace="RGB"))
    with Image.open(io.BytesIO(picture), formats=[MIME_FORMATS[mimetype].upper()]) as image:
        return np.array(image if image.mode == "L" else image.convert("RGB"))


def _blend(strip: Pixels, line: Pixels, weight: float) -> None:
    """White letters with a dark rim, so that they are seen on any ground. 128 in `line` leaves the pixel as it is."""
    away = (line.astype(np.int16) - 128) * 2
    change = np.where(away > 0, (255 - strip.reshape(*strip.shape[:2], -1).mean(axis=2)) * away / 255, 0)
    darker = np.where(away < 0, strip.reshape(*strip.shape[:2], -1).mean(axis=2) * away / 255, 0)
    delta = weight * (change + darker)
    strip[...] = np.clip(strip + (delta if strip.ndim == 2 else delta[..., np.newaxis]), 0, 255).astype(np.uint8)


@lru_cache(maxsize=64)
def _line(text: str, columns: int, font_file: str) -> Pixels:
    """The text again and again over the whole width: 255 where it is light, 0 where its rim is dark, 128 elsewhere."""
    letter = max(SMALLEST_LETTER, round(columns / LETTERS_ACROSS))
    font = ImageFont.truetype(font_file, letter)
    height = letter + letter // 2
    image = Image.new("L", (columns, height), 128)
    draw = ImageDraw.Draw(image)
    left, step = letter // 2, int(font.getlength(text)) + 2 * letter
    while left < columns:
        draw.text((left, letter // 8), text, fill=255, font=font, stroke_width=1, stroke_fill=0)
        left += step
    return np.asarray(image)

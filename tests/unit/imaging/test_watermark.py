"""A line of text in the pixels of a finished picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from app.imaging.codecs.encode import encode
from app.imaging.display.watermark import stamped
from app.services.paper.font import font_file

TEXT = "分享 3F2A-91B0 · 2026-03-02 17:05 打开"


def picture(fmt: str, rows: int, columns: int, *, colour: bool = False, grey: int = 128) -> bytes:
    shown = np.full((rows, columns, 3) if colour else (rows, columns), grey, dtype=np.uint8)
    if fmt == "webp":
        buffer = io.BytesIO()
        Image.fromarray(shown).save(buffer, "WEBP")
        return buffer.getvalue()
    return encode(shown, fmt)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(("fmt", "mimetype"), [("jpg", "image/jpeg"), ("png", "image/png"), ("webp", "image/webp")])
@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_the_text_is_seen_on_any_ground_and_the_rest_stays(fmt: str, mimetype: str, colour: bool, grey: int) -> None:
    before = picture(fmt, 256, 256, colour=colour, grey=grey)
    after = stamped(before, mimetype, TEXT, font_file())
    assert opened(after).format == opened(before).format
    changed = np.abs(np.asarray(opened(after).convert("L"), dtype=int) - grey) > 40
    assert changed[:16].any(), "nothing at the upper edge"
    assert changed[-16:].any(), "nothing at the lower edge"
    assert not changed[32:100].any(), "the text runs over the picture"


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (64, 64), (2048, 1024)])
def test_a_picture_of_any_size_keeps_it(size: tuple[int, int]) -> None:
    after = opened(stamped(picture("jpg", *size), "image/jpeg", TEXT, font_file()))
    assert after.size == size[::-1]


def test_what_it_cannot_stamp_it_refuses() -> None:
    with pytest.raises(ValueError, match="no format"):
        stamped(b"", "application/pdf", TEXT, font_file())

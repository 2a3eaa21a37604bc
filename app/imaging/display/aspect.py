"""Pictures of pixels that are not square: drawn so that what is round in the patient is round on the screen."""

from __future__ import annotations

import numpy as np
from PIL import Image

from app.imaging.display.window import Shown

MAX_SIDE, MAX_PIXELS = 32_768, 64 * 1024 * 1024


def drawn_size(rows: int, columns: int, aspect: float) -> tuple[int, int]:
    """(rows, columns) of the picture. `aspect`: the height of a pixel to its width. The side with the larger pixels
    grows, so that nothing is lost, unless the picture would become larger than any."""
    taller, wider = max(aspect, 1.0), max(1 / aspect, 1.0)
    height, width = rows * taller, columns * wider
    scale = min(1.0, MAX_SIDE / height, MAX_SIDE / width, (MAX_PIXELS / (height * width)) ** 0.5)
    return max(1, round(height * scale)), max(1, round(width * scale))


def squared(shown: Shown, aspect: float) -> Shown:
    """The picture with square pixels."""
    if aspect == 1.0:
        return shown
    rows, columns = drawn_size(shown.shape[0], shown.shape[1], aspect)
    return np.asarray(Image.fromarray(shown).resize((columns, rows), Image.Resampling.BILINEAR))

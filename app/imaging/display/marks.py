"""Marks on a shown picture: rows that its damaged stream lost are hatched, so that nobody takes them for an image."""

from __future__ import annotations

import numpy as np

from app.imaging.display.window import Shown

BANDS = 16
"""Stripes to the height of a picture: in the smallest preview they are seen, too."""
DARK, LIGHT = 40, 200


def hatched(shown: Shown, lost_from: int) -> Shown:
    """The picture with its lost rows hatched. Where no whole row is lost the lowest ones are: how much of them the
    stream still held is not known."""
    rows, columns = shown.shape[:2]
    first = min(lost_from, rows - max(rows // 64, 1))
    stripe = max(rows // BANDS, 4)
    diagonal = np.add.outer(np.arange(first, rows), np.arange(columns)) // stripe % 2
    hatch = np.where(diagonal == 1, LIGHT, DARK).astype(np.uint8)
    marked = shown.copy()
    marked[first:] = hatch if shown.ndim == 2 else hatch[..., np.newaxis]
    return marked

"""Draws the leads of an ECG as doctors read them: 25 mm a second, 10 mm a millivolt, on paper with lines at every
millimetre. Reading an ECG is in app/imaging/evidence/ecg.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from app.imaging.codecs.encode import encode
from app.imaging.evidence.ecg import Leads, Millivolts

PIXELS_A_MM = 8
MM_A_SECOND, MM_A_MILLIVOLT = 25, 10
SECONDS_A_PAGE = 10
LEFT_MM, RIGHT_MM, TOP_MM, FOOT_MM = 15, 5, 5, 10
STRIP_MM = 20
"""For each lead: a trace that is higher runs into its neighbour's strip, as it does on paper."""
MOST_PAGES = 60
_PAPER, _FINE, _COARSE, _INK = (255, 255, 255), (255, 226, 226), (240, 170, 170), (20, 20, 20)
_LETTERS_PX = 26


def pages_of(recorded: Sequence[Leads]) -> int:
    """How many pages the whole recording has: ten seconds each, one group of leads after the other."""
    return sum(_pages(leads) for leads in recorded)


def drawn_page(recorded: Sequence[Leads], page: int) -> bytes:
    """Page `page` (from 1) as PNG. Raises IndexError when there is no such page."""
    for leads in recorded:
        if 1 <= page <= _pages(leads):
            return _drawn(leads, (page - 1) * SECONDS_A_PAGE)
        page -= _pages(leads)
    raise IndexError


def _pages(leads: Leads) -> int:
    return min(MOST_PAGES, max(1, math.ceil(leads.seconds / SECONDS_A_PAGE)))


def _drawn(leads: Leads, first_s: float) -> bytes:
    width = (LEFT_MM + SECONDS_A_PAGE * MM_A_SECOND + RIGHT_MM) * PIXELS_A_MM
    height = (TOP_MM + len(leads.names) * STRIP_MM + FOOT_MM) * PIXELS_A_MM
    paper = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(paper)
    _rule(draw, width, height)
    font = ImageFont.load_default(size=_LETTERS_PX)
    begin = round(first_s * leads.hz)
    shown = leads.values[:, begin : begin + math.ceil(SECONDS_A_PAGE * leads.hz) + 1]
    for at, (name, values) in enumerate(zip(leads.names, shown, strict=True)):
        middle = (TOP_MM + (at + 0.5) * STRIP_MM) * PIXELS_A_MM
        _calibrate(draw, middle)
        for line in _lines(values, leads.hz, middle):
            draw.line(line, fill=_INK, width=2)
        draw.text((LEFT_MM * PIXELS_A_MM + 4, middle - STRIP_MM / 2 * PIXELS_A_MM), name, fill=_INK, font=font)
    last_s = first_s + shown.shape[1] / leads.hz
    foot = f"{MM_A_SECOND} mm/s   {MM_A_MILLIVOLT} mm/mV   {first_s:.0f}-{last_s:.1f} s / {leads.seconds:.1f} s"
    draw.text((LEFT_MM * PIXELS_A_MM, height - FOOT_MM * PIXELS_A_MM + 20), foot, fill=_INK, font=font)
    return encode(np.asarray(paper), "png")


def _rule(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
    for colour, step in ((_FINE, 1), (_COARSE, 5)):
        for x in range(0, width, step * PIXELS_A_MM):
            draw.line((x, 0, x, height), fill=colour)
        for y in range(0, height, step * PIXELS_A_MM):
            draw.line((0, y, width, y), fill=colour)


def _calibrate(draw: ImageDraw.ImageDraw, middle: float) -> None:
    """The mark of one millivolt and a fifth of a second before each lead."""
    left, high = 5 * PIXELS_A_MM, middle - MM_A_MILLIVOLT * PIXELS_A_MM
    right = left + 5 * PIXELS_A_MM
    corners = (left - 16, middle), (left, middle), (left, high), (right, high), (right, middle), (right + 16, middle)
    draw.line(corners, fill=_INK, width=2)


def _lines(values: Millivolts, hz: float, middle: float) -> list[list[tuple[float, float]]]:
    """The trace in pixels; it breaks where nothing was measured."""
    x = LEFT_MM * PIXELS_A_MM + np.arange(values.size) / hz * MM_A_SECOND * PIXELS_A_MM
    y = middle - np.clip(values, -100, 100) * MM_A_MILLIVOLT * PIXELS_A_MM
    gaps = np.flatnonzero(np.isnan(values))
    pieces = np.split(np.stack([x, y], axis=1), gaps)
    kept = [piece[~np.isnan(piece[:, 1])] for piece in pieces]
    return [[(float(px), float(py)) for px, py in piece] for piece in kept if len(piece) > 1]

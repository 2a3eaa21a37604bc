"""Frames whose grey values are known, and the manifest that names them, for the pages that `patient_pages` serves."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from app.imaging.codecs.decode import DecodedFrame
from app.imaging.display.full_depth import full_depth
from app.imaging.geometry.cuts import Cuts, Plane, cuts_of
from app.imaging.geometry.oblique import Oblique
from app.imaging.geometry.reslice import Volume, oblique_cut
from app.imaging.geometry.volume import SlicePlace, volume_geometry
from tests.factories.images import image_header
from tests.factories.patient_page_values import EXAM_ID

CT_FRAMES = 60
TURNS = 36
CUTS = {"axial": CT_FRAMES, "coronal": 500, "sagittal": 400}
BOX = [400.0, 500.0, 120.0]
"""Its sides, mm."""
BALL = {"axial": 40, "coronal": 200, "sagittal": 260}
NO_CUTS = "缺少部分层面的图像,不能重建其他方向"
STANDARD = {"center": 0, "width": 2000}
NO_PLACE: dict[str, Any] = {
    "unit": None,
    "sizes": [None],
    "regions": [[]],
    "positions": [None],
    "orientations": [None],
    "spaces": [None],
    "sides": [None],
    "views": [None],
}
CT_PLACE: dict[str, Any] = NO_PLACE | {
    "unit": "HU",
    "sizes": [{"width": 360.0, "height": 360.0, "at": "patient"}],
    "orientations": [[1, 0, 0, 0, 1, 0]],
    "positions": [[-180, -180, 2 * k] for k in range(CT_FRAMES)],
    "spaces": ["body"],
}
SAGITTAL_PLACE: dict[str, Any] = NO_PLACE | {
    "sizes": [{"width": 256.0, "height": 256.0, "at": "patient"}],
    "orientations": [[0, 1, 0, 0, 0, -1]],
    "positions": [[20 * k - 50, -128, 186] for k in range(6)],
    "spaces": ["body"],
}
"""Of the series with 6 frames: from front to back and from head to foot, across the CT."""
SERIES: list[dict[str, Any]] = [
    {
        "n": 1,
        "frames": CT_FRAMES,
        "rows": 512,
        "columns": 512,
        "modality": "CT",
        "description": "胸部平扫 2.0mm",
        "mpr": CUTS,
        "mpr_box": BOX,
        "turntable": TURNS,
    },
    {"n": 2, "frames": 12, "rows": 240, "columns": 320, "modality": "US", "description": "心脏超声"},
    {
        "n": 3,
        "frames": 6,
        "rows": 256,
        "columns": 256,
        "modality": "MR",
        "description": "头部 T1",
        "window": None,
        "mpr_reason": NO_CUTS,
    },
    {
        "n": 4,
        "frames": 1,
        "rows": 2400,
        "columns": 2000,
        "modality": "DX",
        "description": "胸片",
        "tiles": {"size": 512, "levels": 3},
    },
]

MAMMOGRAMS: list[dict[str, Any]] = [
    {
        "n": 5 + at,
        "frames": 1,
        "rows": rows,
        "columns": columns,
        "modality": "MG",
        "description": f"{side} {projection}",
        "window": None,
    }
    for at, (side, projection, rows, columns) in enumerate(
        [("L", "MLO", 2000, 1600), ("R", "MLO", 2000, 1600), ("L", "CC", 2000, 1600), ("R", "CC", 1000, 800)]
    )
]
"""Breasts in an odd order; one was taken on a smaller detector."""
MAMMOGRAM_PLACES = {
    series["n"]: NO_PLACE
    | {
        "sizes": [{"width": series["columns"] / 10, "height": series["rows"] / 10, "at": "detector"}],
        "sides": [["P" if series["description"][0] == "R" else "A", "F"]],
        "views": [dict(zip(("laterality", "projection"), series["description"].split(), strict=True))],
    }
    for series in MAMMOGRAMS
}


BESIDE, BAR = -3000, 3000
"""The values beside the field, and in the bar at its edge."""


def stored_value(k: int, series: int = 1) -> int:
    """The value of the middle of frame k. Frames differ by 20, which a window of 2000 shows as 2.5 grey levels."""
    return -700 + 20 * k if series == 1 else -900 + 150 * k


def grey(k: int, center: float, width: float, series: int = 1) -> int:
    return int(np.clip((stored_value(k, series) - center) / width + 0.5, 0, 1) * 255)


def jpeg(k: int, series: int, center: float, width: float, size: int) -> bytes:
    """A grey field on black with a white bar at its left edge, so that zoom and place can be measured."""
    shown = (SERIES + MAMMOGRAMS)[series - 1]
    rows, columns = shown["rows"], shown["columns"]
    pixels = np.zeros((rows, columns), dtype=np.uint8)
    pixels[rows // 8 : -rows // 8, columns // 8 : -columns // 8] = grey(k, center, width, series)
    pixels[rows // 8 : -rows // 8, columns // 8 : columns // 8 + columns // 32] = 255
    image = Image.fromarray(pixels)
    image.thumbnail((size, size))
    return _jpeg(image)


def frame_values(k: int, series: int) -> bytes | None:
    """The values of the same picture as the server sends them; None of the film, which is in colour."""
    shown = SERIES[series - 1]
    if shown["modality"] == "US":
        return None
    rows, columns = shown["rows"], shown["columns"]
    pixels = np.full((rows, columns), BESIDE, dtype=np.int16)
    pixels[rows // 8 : -rows // 8, columns // 8 : -columns // 8] = stored_value(k, series)
    pixels[rows // 8 : -rows // 8, columns // 8 : columns // 8 + columns // 32] = BAR
    header = image_header(rows=rows, columns=columns)
    return full_depth(DecodedFrame(pixels, "MONOCHROME2"), header, 0)


def cut_jpeg(plane: str, k: int, size: int) -> bytes:
    """A cut of the series with CUTS: all of one grey, which tells the share of k."""
    width, height = {"axial": (400, 500), "coronal": (400, 120), "sagittal": (500, 120)}[plane]
    image = Image.new("L", (width, height), round(200 * k / CUTS[plane]))
    image.thumbnail((size, size))
    return _jpeg(image)


@cache
def _body() -> tuple[Volume, Cuts]:
    """In the box of the cuts: a grey body with a bright ball in the cuts BALL."""
    axial, coronal, sagittal = (CUTS[plane] for plane in ("axial", "coronal", "sagittal"))
    z, y, x = np.ogrid[:axial, :coronal, :sagittal]
    body = (((x - 200) / 190) ** 2 + ((y - 250) / 230) ** 2 < 1) * np.uint8(70) + np.zeros((axial, 1, 1), np.uint8)
    body[((x - 200) / 80) ** 2 + ((y - 180) / 60) ** 2 + ((z - 30) / 25) ** 2 < 1] = 25
    far = (2.0 * (z + 1 - BALL["axial"])) ** 2 + (y + 1 - BALL["coronal"]) ** 2 + (x + 1 - BALL["sagittal"]) ** 2
    body[far < 12**2] = 250
    gap = BOX[2] / axial
    slices = [SlicePlace(coronal, sagittal, (1.0, 1.0), (0.0, 0.0, gap * k), (1, 0, 0, 0, 1, 0)) for k in range(axial)]
    geometry = volume_geometry(slices)
    return Volume(body, geometry), cuts_of(geometry)


def oblique_jpeg(plane: str, turn: Sequence[float], mm: float, size: int) -> bytes:
    """A turned cut, made as the server makes it."""
    w, x, y, z = turn
    shown = oblique_cut(*_body(), Plane(plane), Oblique((w, x, y, z), mm), longest=size)
    image = Image.fromarray(shown.values.astype(np.uint8))
    image.thumbnail((size, size))
    return _jpeg(image)


def tile_jpeg(series: int, level: int, x: int, y: int) -> bytes | None:
    """A tile of one grey, which tells its level and the parity of its place; None where there is none."""
    rows, columns = SERIES[series - 1]["rows"], SERIES[series - 1]["columns"]
    side = 512 << level
    if not (0 <= level < 3 and x * side < columns and y * side < rows):
        return None
    size = (min(side, columns - x * side) >> level, min(side, rows - y * side) >> level)
    return _jpeg(Image.new("L", size, tile_grey(level, x, y)))


def tile_grey(level: int, x: int, y: int) -> int:
    return 40 + 60 * level + 25 * ((x + y) % 2)


LAYER_COLOUR = (230, 20, 20)
LAYER = {
    "kind": "layer",
    "modality": "SEG",
    "description": "肺结节",
    "layer": {
        "labels": [{"label": "结节", "colour": list(LAYER_COLOUR)}],
        "frames": {"1": [40, 41, 42]},
        "address": f"/exams/{EXAM_ID}/objects/1/series/{{n}}/frames/{{k}}.png",
    },
}
"""An object of the manifest: over three slices of the CT."""


def layer_png(k: int) -> bytes:
    """Colour in the left quarter of the upper half, and nothing elsewhere."""
    pixels = np.zeros((512, 512, 4), np.uint8)
    pixels[:256, 128:256] = (*LAYER_COLOUR, 255 if k == 40 else 90)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def turn_jpeg(k: int, preset: str) -> bytes:
    """Of one grey that tells k and the preset."""
    return _jpeg(Image.new("L", (320, 400), turn_grey(k, preset)))


def turn_grey(k: int, preset: str) -> int:
    return 20 + 5 * k + (30 if preset == "skin" else 0)


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def manifest(
    frame_time_ms: float | None, incomplete: Collection[int] = (), *, mammograms: bool = False
) -> dict[str, Any]:
    told = {"window": STANDARD, "frame_time_ms": frame_time_ms, "mpr": None, "mpr_reason": None}
    told["incomplete"] = list(incomplete)
    return {"series": [{**told, **series} for series in SERIES + MAMMOGRAMS * mammograms]}

"""Frames whose grey values are known, and the manifest that names them, for the pages that `patient_pages` serves."""

from __future__ import annotations

import io
from collections.abc import Collection
from typing import Any

import numpy as np
from PIL import Image

CT_FRAMES = 60
CUTS = {"axial": CT_FRAMES, "coronal": 500, "sagittal": 400}
NO_CUTS = "缺少部分层面的图像,不能重建其他方向"
STANDARD = {"center": 0, "width": 2000}
SERIES: list[dict[str, Any]] = [
    {
        "n": 1,
        "frames": CT_FRAMES,
        "rows": 512,
        "columns": 512,
        "modality": "CT",
        "description": "胸部平扫 2.0mm",
        "mpr": CUTS,
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
    {"n": 4, "frames": 1, "rows": 2400, "columns": 2000, "modality": "DX", "description": "胸片"},
]


def stored_value(k: int, series: int = 1) -> int:
    """The value of the middle of frame k. Frames differ by 20, which a window of 2000 shows as 2.5 grey levels."""
    return -700 + 20 * k if series == 1 else -900 + 150 * k


def grey(k: int, center: float, width: float, series: int = 1) -> int:
    return int(np.clip((stored_value(k, series) - center) / width + 0.5, 0, 1) * 255)


def jpeg(k: int, series: int, center: float, width: float, size: int) -> bytes:
    """A grey field on black with a white bar at its left edge, so that zoom and place can be measured."""
    rows, columns = SERIES[series - 1]["rows"], SERIES[series - 1]["columns"]
    pixels = np.zeros((rows, columns), dtype=np.uint8)
    pixels[rows // 8 : -rows // 8, columns // 8 : -columns // 8] = grey(k, center, width, series)
    pixels[rows // 8 : -rows // 8, columns // 8 : columns // 8 + columns // 32] = 255
    image = Image.fromarray(pixels)
    image.thumbnail((size, size))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def cut_jpeg(plane: str, k: int, size: int) -> bytes:
    """A cut of the series with CUTS: all of one grey, which tells the share of k."""
    width, height = {"axial": (400, 500), "coronal": (400, 120), "sagittal": (500, 120)}[plane]
    image = Image.new("L", (width, height), round(200 * k / CUTS[plane]))
    image.thumbnail((size, size))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90)
    return out.getvalue()


def manifest(frame_time_ms: float | None, incomplete: Collection[int] = ()) -> dict[str, Any]:
    told = {"window": STANDARD, "frame_time_ms": frame_time_ms, "mpr": None, "mpr_reason": None}
    told["incomplete"] = list(incomplete)
    return {"series": [{**told, **series} for series in SERIES]}

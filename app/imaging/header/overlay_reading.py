"""Overlay planes off a DICOM header, groups 6000 to 601E (PS3.3 C.9.2). What they hold is `overlay`."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydicom import Dataset

from app.imaging.header.overlay import Overlay, packed

GROUPS = range(0x6000, 0x6020, 2)
MOST_BYTES = 8 * 1024 * 1024
"""Of one overlay: as many pixels as the largest image has."""
MOST_PACKED = 256 * 1024
"""Of one overlay once it is packed: it is written down with the image's header. Graphics take a few kilobytes."""
_ROWS, _COLUMNS, _FRAMES, _TYPE, _ORIGIN, _FIRST, _ALLOCATED, _POSITION, _DATA = (
    0x0010,
    0x0011,
    0x0015,
    0x0040,
    0x0050,
    0x0051,
    0x0100,
    0x0102,
    0x3000,
)


def read_overlays(ds: Dataset, bits_allocated: int) -> tuple[Overlay, ...]:
    """Those that are described as the standard says; others are left out: the image is no less true without them."""
    found = (_overlay(ds, group, bits_allocated) for group in GROUPS if (group, _ROWS) in ds)
    return tuple(overlay for overlay in found if overlay is not None)


def _overlay(ds: Dataset, group: int, bits_allocated: int) -> Overlay | None:
    rows, columns = _whole(ds, group, _ROWS), _whole(ds, group, _COLUMNS)
    frames, first = _whole(ds, group, _FRAMES), _whole(ds, group, _FIRST)
    if not rows or not columns or rows < 0 or columns < 0:
        return None
    origin = _value(ds, group, _ORIGIN)
    top, left = (int(origin[0]) - 1, int(origin[1]) - 1) if _is_pair(origin) else (0, 0)
    count = rows * columns * (frames or 1)
    common: dict[str, Any] = {
        "rows": rows,
        "columns": columns,
        "top": top,
        "left": left,
        "first_frame": (first or 1) - 1,
        "frames": None if frames is None and first is None else max(frames or 1, 1),
        "is_region": str(_value(ds, group, _TYPE) or "").strip() == "R",
    }
    if (group, _DATA) not in ds:  # retired in 2004: it lies in bits of the pixels that hold no image
        position = _whole(ds, group, _POSITION)
        is_embedded = _whole(ds, group, _ALLOCATED) == bits_allocated and position is not None
        return Overlay(**common, position=position) if is_embedded and 0 <= (position or 0) < bits_allocated else None
    raw = ds.get_item((group, _DATA))
    data = raw.value if raw is not None else None
    if not isinstance(data, bytes) or count > 8 * min(len(data), MOST_BYTES):
        return None
    if ds.original_encoding[1] is False and getattr(raw, "VR", None) == "OW":
        data = np.frombuffer(data[: len(data) // 2 * 2], ">u2").astype("<u2").tobytes()
    bits = packed(data[: -(-count // 8)])
    return Overlay(**common, bits=bits) if len(bits) <= MOST_PACKED else None


def _value(ds: Dataset, group: int, element: int) -> Any:
    found = ds.get((group, element))
    return None if found is None else found.value


def _whole(ds: Dataset, group: int, element: int) -> int | None:
    try:
        return int(_value(ds, group, element))
    except (TypeError, ValueError, OverflowError):
        return None


def _is_pair(origin: Any) -> bool:
    return origin is not None and not isinstance(origin, str | bytes | int | float) and len(origin) == 2

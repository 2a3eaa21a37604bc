"""Reads look-up tables from a DICOM header: modality, VOI and palette; expands segmented tables. `lut` uses them."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.multival import MultiValue

from app.imaging.errors import NotShown, UnsupportedImage
from app.imaging.header.lut import Lut

COLOURS = ("Red", "Green", "Blue")
MAX_ENTRIES = 65_536
MOST_WORDS = 4 * MAX_ENTRIES
"""The most words of a segmented table: a segment takes at most four words for one entry."""
MOST_ITEMS = 16
"""How many items of a sequence are searched for a complete table."""
_DESCRIPTOR_BYTES = 64
_DATA_BYTES = 8 * MAX_ENTRIES
DISCRETE, LINEAR, INDIRECT = range(3)


def read_lut(ds: Dataset, sequence: str, *, signed: bool) -> Lut | None:
    """The first complete table of a Modality or VOI LUT Sequence. `signed`: the mapped values can be negative."""
    for item in (ds.get(sequence) or [])[:MOST_ITEMS]:
        descriptor = _bounded(item, "LUTDescriptor", _DESCRIPTOR_BYTES)
        if _is_descriptor(descriptor) and (data := _bounded(item, "LUTData", _DATA_BYTES)) is not None:
            return _table(descriptor, _numbers(data, descriptor, _byte_order(ds)), signed=signed)
    return None


def read_palette(ds: Dataset, *, signed: bool) -> tuple[Lut, Lut, Lut]:
    """The red, green and blue tables (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6, C.7.9). Raises UnsupportedImage when a table is
    missing or invalid."""
    red, green, blue = (_palette_table(ds, colour, signed=signed) for colour in COLOURS)
    return red, green, blue


def _palette_table(ds: Dataset, colour: str, *, signed: bool) -> Lut:
    descriptor = _bounded(ds, f"{colour}PaletteColorLookupTableDescriptor", _DESCRIPTOR_BYTES)
    plain = _bounded(ds, f"{colour}PaletteColorLookupTableData", _DATA_BYTES)
    segmented = _bounded(ds, f"Segmented{colour}PaletteColorLookupTableData", _DATA_BYTES)
    if not _is_descriptor(descriptor) or (plain is None and segmented is None):
        raise UnsupportedImage(NotShown.PALETTE_MISSING)
    if plain is not None:
        values = _numbers(plain, descriptor, _byte_order(ds))
    else:
        values = expand_segments(
            _segment_words(segmented, int(descriptor[2]), _byte_order(ds)), int(descriptor[2]) // 8
        )
    table = _table(descriptor, values, signed=signed)
    if table is None:
        raise UnsupportedImage(NotShown.PALETTE_ODD)
    return table


def expand_segments(words: list[int], bytes_each: int) -> list[int]:
    """Discrete, linear and indirect segments -> entries (PS3.3 C.7.9.2).

    Raises UnsupportedImage for other segments, and before there are more than 65 536 entries: a few words can ask for
    billions.
    """
    if len(words) > MOST_WORDS:
        raise UnsupportedImage(NotShown.TABLE_TOO_LONG)
    values: list[int] = []
    at = 0
    while at + 2 <= len(words):
        if words[at] == INDIRECT and at + 4 <= len(words):
            count, start = words[at + 1], (words[at + 2] | words[at + 3] << 8 * bytes_each) // bytes_each
            for _ in range(count):
                start = _expand_one(words, start, values)
            at += 4
        else:
            at = _expand_one(words, at, values)
    return values


def _expand_one(words: list[int], at: int, values: list[int]) -> int:
    """Append the entries of the segment at `at`; returns where the next segment starts."""
    code, length = (words[at], words[at + 1]) if at + 2 <= len(words) else (-1, 0)
    if len(values) + length > MAX_ENTRIES:
        raise UnsupportedImage(NotShown.TABLE_TOO_LONG)
    if code == DISCRETE and length and at + 2 + length <= len(words):
        values.extend(words[at + 2 : at + 2 + length])
        return at + 2 + length
    if code == LINEAR and length and at + 3 <= len(words) and values:
        steps = np.linspace(values[-1], words[at + 2], length + 1)[1:]
        values.extend(np.rint(steps).astype(int).tolist())
        return at + 3
    raise UnsupportedImage(NotShown.PALETTE_SEGMENTS_ODD)


def _segment_words(data: Any, bits: int, order: str) -> list[int]:
    raw = data if isinstance(data, bytes) else b""
    if len(raw) > (2 if bits > 8 else 1) * MOST_WORDS:
        raise UnsupportedImage(NotShown.TABLE_TOO_LONG)
    words: list[int] = np.frombuffer(raw[: len(raw) // 2 * 2], f"{order}u2" if bits > 8 else np.uint8).tolist()
    return words


def _bounded(ds: Dataset, keyword: str, most_bytes: int) -> Any:
    """The value of an element. Raises UnsupportedImage, and converts nothing, when it is longer than `most_bytes`: each
    number would become an object."""
    raw = ds.get_item(keyword) if keyword in ds else None
    if raw is not None and isinstance(raw.value, bytes) and len(raw.value) > most_bytes:
        raise UnsupportedImage(NotShown.TABLE_TOO_LONG)
    return ds.get(keyword)


def _is_descriptor(descriptor: Any) -> bool:
    return isinstance(descriptor, MultiValue | list | tuple) and len(descriptor) == 3


def _byte_order(ds: Dataset) -> str:
    return ">" if ds.original_encoding[1] is False else "<"


def _numbers(data: Any, descriptor: Any, order: str) -> list[int]:
    """The table's entries as numbers. The data may be parsed (US) or bytes (OW). Each byte is an 8-bit entry where
    there are as many as entries; a table that holds fewer words than it says ends earlier."""
    entries = (int(descriptor[0]) & 0xFFFF) or MAX_ENTRIES
    if isinstance(data, bytes):
        words = np.frombuffer(data + bytes(len(data) % 2), f"{order}u2")
    else:
        items = data if isinstance(data, MultiValue | list | tuple) else [data]
        words = np.asarray([int(value) & 0xFFFF for value in items], np.uint16)
    if words.size == -(-entries // 2) and entries > 1:
        return list(words.astype("<u2").tobytes()[:entries])
    values: list[int] = words[:entries].tolist()
    return values


def _table(descriptor: Any, values: list[int], *, signed: bool) -> Lut | None:
    """The table; None when it is invalid. The descriptor holds the number of entries (0 means 65 536), the first mapped
    value, and the bits (PS3.3 C.11.1.1)."""
    first, bits = int(descriptor[1]), int(descriptor[2])
    if not values or not 0 < bits <= 16:
        return None
    return Lut.of(first - 65_536 if signed and first > 32_767 else first, values, bits)

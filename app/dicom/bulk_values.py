"""Values that stay bytes (PS3.5 6.2: OB, OW, OF ...), found by their path and given in little endian.

PS3.18 8.7.3 has all bulk data in little endian, however the file is encoded. Pixels are in app/imaging.
"""

from __future__ import annotations

import re

import numpy as np
from pydicom.dataset import Dataset

BULK_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_WORD_BYTES = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
_PATH = re.compile(r"[0-9A-F]{8}(/[1-9][0-9]{0,5}/[0-9A-F]{8}){0,32}")


def is_path(text: str) -> bool:
    """Whether the text names an element: `00420011`, or inside of items `54000100/1/54001010`."""
    return _PATH.fullmatch(text) is not None


def bulk_value(dataset: Dataset, path: str) -> bytes | None:
    """The bytes at a path, in little endian; None when no such element holds bytes."""
    is_big_endian = dataset.original_encoding[1] is False
    steps = path.split("/")
    for tag, number in zip(steps[:-1:2], steps[1::2], strict=True):
        sequence = dataset.get(int(tag, 16))
        if sequence is None or sequence.VR != "SQ" or int(number) > len(sequence.value):
            return None
        dataset = sequence.value[int(number) - 1]
    element = dataset.get(int(steps[-1], 16))
    if element is None or not isinstance(element.value, bytes):
        return None
    return little_endian(element.value, element.VR) if is_big_endian else element.value


def little_endian(value: bytes, vr: str) -> bytes:
    """A big-endian value in little endian. A rest that is no whole word stays as it is."""
    size = _WORD_BYTES.get(vr.partition(" or ")[0], 1)
    whole = len(value) - len(value) % size
    return np.frombuffer(value[:whole], f">u{size}").astype(f"<u{size}").tobytes() + value[whole:]

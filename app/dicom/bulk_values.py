"""Values that stay bytes (PS3.5 6.2: OB, OW, OF ...), found by their path and given in little endian.

PS3.18 8.7.3 has all bulk data in little endian, however the file is encoded. Pixels are in app/imaging.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from pydicom.dataset import Dataset

BULK_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
WORD_BYTES = {
    **dict.fromkeys(("AT", "OW", "SS", "US"), 2),
    **dict.fromkeys(("FL", "OF", "OL", "SL", "UL"), 4),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), 8),
}
"""The bytes of one number, whose order turns in a big-endian file (PS3.5 7.3)."""
_PATH = re.compile(r"[0-9A-F]{8}(/[1-9][0-9]{0,5}/[0-9A-F]{8}){0,32}")


def is_path(text: str) -> bool:
    """Whether the text names an element: `00420011`, or inside of items `54000100/1/54001010`."""
    return _PATH.fullmatch(text) is not None


def bulk_paths(dataset: Dataset, least_bytes: int, above: str = "") -> Iterator[str]:
    """The paths of the elements that hold `least_bytes` or more, inside of items too; pixels are not among them."""
    for tag in sorted(dataset.keys()):
        element = dataset.get_item(tag, keep_deferred=True)
        path = f"{above}{int(tag):08X}"
        if element.VR == "SQ":
            for number, item in enumerate(element.value, 1):
                yield from bulk_paths(item, least_bytes, f"{path}/{number}/")
        elif isinstance(element.value, bytes) and len(element.value) >= least_bytes and tag.group >= 8:
            found = dataset[tag]
            if found.VR.partition(" or ")[0] in BULK_VRS and isinstance(found.value, bytes):
                yield path


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
    size = WORD_BYTES.get(vr.partition(" or ")[0], 1)
    whole = len(value) - len(value) % size
    return np.frombuffer(value[:whole], f">u{size}").astype(f"<u{size}").tobytes() + value[whole:]

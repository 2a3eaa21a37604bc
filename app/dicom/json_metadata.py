"""A parsed data set -> DICOM JSON without bulk data (PS3.18 annex F). app/services/dicomweb reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydicom.dataset import Dataset

INLINE_BYTES = 1024
PIXEL_ELEMENTS = {"PixelData": "7FE00010", "FloatPixelData": "7FE00008", "DoubleFloatPixelData": "7FE00009"}
_BULK = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_UTF8 = "ISO_IR 192"


def to_json(
    dataset: Dataset, transfer_syntax_uid: str, pixel_keyword: str | None, address_of: Callable[[str], str]
) -> str:
    """One JSON object. `address_of`: where the bulk data of the top-level element with this tag can be fetched.

    An element whose value cannot be expressed keeps its tag and VR: one odd value must not hide the instance.
    """
    parts = {"00080005": json.dumps({"vr": "CS", "Value": [_UTF8]})}
    for tag in sorted(dataset.keys()):
        name = f"{int(tag):08X}"
        if tag.group >= 8 and tag.element != 0 and name not in parts and name not in PIXEL_ELEMENTS.values():
            parts[name] = _element(dataset, tag, address_of(name))
    parts["00083002"] = json.dumps({"vr": "UI", "Value": [transfer_syntax_uid]})
    if pixel_keyword is not None:
        name = PIXEL_ELEMENTS[pixel_keyword]
        vr = {"FloatPixelData": "OF", "DoubleFloatPixelData": "OD"}.get(pixel_keyword, "OW")
        parts[name] = json.dumps({"vr": vr, "BulkDataURI": address_of(name)})
    return "{" + ",".join(f'"{name}":{parts[name]}' for name in sorted(parts)) + "}"


def _element(dataset: Dataset, tag: Any, address: str) -> str:
    raw = dataset.get_item(tag)
    vr = str(raw.VR or "UN")
    try:
        element = dataset[tag]
        vr = element.VR
        if vr in _BULK and element.value is not None and len(element.value) > INLINE_BYTES:
            return json.dumps({"vr": vr, "BulkDataURI": address})
        return json.dumps(element.to_json_dict(None, 0), allow_nan=False)
    except Exception:  # values are what senders wrote, and pydicom raises whatever they provoke
        return json.dumps({"vr": vr})

"""A parsed data set -> DICOM JSON without bulk data (PS3.18 annex F). app/services/dicomweb decides who gets it."""

from __future__ import annotations

import json
from collections.abc import Callable

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pydicom.valuerep import STANDARD_VR

from app.dicom.element_values import OF_ANY_CHARACTERS, character_sets_of
from app.dicom.part10 import vr_of
from app.dicom.text_bytes import ESCAPE, decode_text

INLINE_BYTES = 1024
PIXEL_ELEMENTS = {"PixelData": "7FE00010", "FloatPixelData": "7FE00008", "DoubleFloatPixelData": "7FE00009"}
MOST_VALUES = 2_000_000
"""The most values of one instance: each becomes an object before it becomes text. 20 000 frames have less than half."""
_BULK = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_TEXTS = frozenset(
    {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"}
)
_UTF8 = "ISO_IR 192"


def to_json(
    dataset: Dataset, transfer_syntax_uid: str, pixel_keyword: str | None, address_of: Callable[[str], str]
) -> str:
    """One JSON object. `address_of`: the address of the bulk data of the top-level element with this tag.

    An element that JSON cannot express keeps its tag and VR and loses its value: one odd value must not hide the
    instance. An element with more values than are left of `MOST_VALUES` also loses its value.
    """
    left = MOST_VALUES
    parts = {"00080005": json.dumps({"vr": "CS", "Value": [_UTF8]})}
    for tag in sorted(dataset.keys()):
        name = f"{int(tag):08X}"
        if tag.group >= 8 and tag.element != 0 and name not in parts and name not in PIXEL_ELEMENTS.values():
            count = _values(dataset, tag)
            parts[name] = _element(dataset, tag, address_of(name)) if count <= left else _without_value(dataset, tag)
            left -= min(count, left)
    parts["00083002"] = json.dumps({"vr": "UI", "Value": [transfer_syntax_uid]})
    if pixel_keyword is not None:
        name = PIXEL_ELEMENTS[pixel_keyword]
        vr = {"FloatPixelData": "OF", "DoubleFloatPixelData": "OD"}.get(pixel_keyword, "OW")
        parts[name] = json.dumps({"vr": vr, "BulkDataURI": address_of(name)})
    return "{" + ",".join(f'"{name}":{parts[name]}' for name in sorted(parts)) + "}"


def _values(dataset: Dataset, tag: BaseTag) -> int:
    """The most objects that the element would become. Nothing is converted."""
    element = _unconverted(dataset, tag)
    if isinstance(element, RawDataElement):
        vr, value = vr_of(dataset, element), element.value or b""
        return 1 if vr in _BULK else 1 + value.count(b"\\") if vr in _TEXTS else 1 + len(value) // 2
    if element.VR == "SQ":
        return 1 + sum(1 + sum(_values(item, inner) for inner in item.keys()) for item in element.value)  # noqa: SIM118
    return 1 + int(element.VM)


def _without_value(dataset: Dataset, tag: BaseTag) -> str:
    return json.dumps({"vr": _representation(dataset, tag)})


def _unconverted(dataset: Dataset, tag: BaseTag) -> RawDataElement | DataElement:
    """The element as it was read. Else pydicom converts an empty one, and raises for an unknown VR."""
    return dataset.get_item(tag, keep_deferred=True)


def _representation(dataset: Dataset, tag: BaseTag) -> str:
    """The element's VR; UN where the file names none, or two letters that are none."""
    vr = str(_unconverted(dataset, tag).VR)
    return vr if vr in STANDARD_VR else "UN"


def _element(dataset: Dataset, tag: BaseTag, address: str) -> str:
    vr = _representation(dataset, tag)
    try:
        element = _with_texts_decoded(dataset, tag, character_sets_of(dataset))
        vr = element.VR
        if vr in _BULK and element.value is not None and len(element.value) > INLINE_BYTES:
            return json.dumps({"vr": vr, "BulkDataURI": address})
        return json.dumps(element.to_json_dict(None, 0), allow_nan=False)
    except Exception:  # senders write any value, and pydicom may raise any error
        return json.dumps({"vr": vr})


def _with_texts_decoded(dataset: Dataset, tag: BaseTag, labels: list[str]) -> DataElement:
    """The element with its texts, and those of its items, as `text_bytes` reads them."""
    raw = dataset.get_item(tag)
    if isinstance(raw, RawDataElement):
        vr, value = vr_of(dataset, raw), raw.value or b""
        is_name = vr == "PN"
        if (is_name or vr in OF_ANY_CHARACTERS) and (not value.isascii() or ESCAPE in value):
            dataset[tag] = DataElement(tag, vr, decode_text(value, labels, is_name=is_name).rstrip(" \0"))
    elif raw.VR == "SQ":
        for item in raw.value:
            for inner in list(item.keys()):
                _with_texts_decoded(item, inner, character_sets_of(item) or labels)
    return dataset[tag]

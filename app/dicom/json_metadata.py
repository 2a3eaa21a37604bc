"""A parsed data set -> DICOM JSON without bulk data (PS3.18 annex F). app/services/dicomweb decides who gets it.

An element that JSON cannot express is left out and named, wherever it lies: one odd value must hide neither the
instance nor the sequence around it, and an element without its value would say that the sender left it empty.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filewriter import correct_ambiguous_vr_element
from pydicom.tag import BaseTag
from pydicom.valuerep import STANDARD_VR

from app.dicom.bulk_values import BULK_VRS, little_endian
from app.dicom.element_values import OF_ANY_CHARACTERS, character_sets_of
from app.dicom.part10 import vr_of
from app.dicom.text_bytes import ESCAPE, decode_text

INLINE_BYTES = 1024
PIXEL_ELEMENTS = {"PixelData": "7FE00010", "FloatPixelData": "7FE00008", "DoubleFloatPixelData": "7FE00009"}
MOST_VALUES = 2_000_000
"""The most values of one instance: each becomes an object before it becomes text. 20 000 frames have less than half."""
MOST_NAMED = 20
_TEXTS = frozenset(
    {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"}
)
_CHARACTER_SET, _SYNTAX, _TRAILING_PADDING = "00080005", "00083002", "FFFCFFFC"
_UTF8 = json.dumps({"vr": "CS", "Value": ["ISO_IR 192"]})
_NOT_OF_ITEMS = frozenset({_CHARACTER_SET, _TRAILING_PADDING})


class Metadata(NamedTuple):
    """`text`: one JSON object. `left_out`: the paths of at most MOST_NAMED elements that are not in it, as in
    `00081140/1/00081155`: tags with the item's number, from 1, between them."""

    text: str
    left_out: tuple[str, ...]


def to_json(
    dataset: Dataset,
    transfer_syntax_uid: str,
    pixels: tuple[str, str] | None,
    address_of: Callable[[str], str],
    left_out: tuple[str, ...] = (),
) -> Metadata:
    """Never raises, whatever the values are.

    `pixels`: tag and VR of the pixel element. `address_of`: the address of the bulk data at a path. `left_out`: what
    the caller could not read.
    """
    writer = _Writer(address_of, is_big_endian=dataset.original_encoding[1] is False, left_out=list(left_out))
    parts = writer.elements(dataset, "", [])
    parts[_CHARACTER_SET] = _UTF8
    parts[_SYNTAX] = json.dumps({"vr": "UI", "Value": [transfer_syntax_uid]})
    for name in PIXEL_ELEMENTS.values():
        parts.pop(name, None)
    if pixels is not None:
        name, vr = pixels
        parts[name] = json.dumps({"vr": one_vr(vr), "BulkDataURI": address_of(name)})
    return Metadata(_object(parts), tuple(writer.left_out[:MOST_NAMED]))


def one_vr(vr: str) -> str:
    """The VR of an element that the dictionary leaves open and whose data set does not tell, e.g. `OB or OW`: words
    where they are possible (PS3.5 annex A), else the first."""
    possible = vr.split(" or ")
    return "OW" if "OW" in possible else possible[0]


@dataclass
class _Writer:
    """Writes one instance. `values_left`: what is left of MOST_VALUES."""

    address_of: Callable[[str], str]
    is_big_endian: bool
    left_out: list[str] = field(default_factory=list)
    values_left: int = field(default_factory=lambda: MOST_VALUES)

    def elements(self, dataset: Dataset, above: str, labels: list[str]) -> dict[str, str]:
        """The JSON of each element by its tag. `above`: the path of the item that the data set is."""
        parts: dict[str, str] = {}
        labels = character_sets_of(dataset) or labels
        for tag in sorted(dataset.keys()):
            name = f"{int(tag):08X}"
            if tag.group < 8 or tag.element == 0 or name in _NOT_OF_ITEMS:
                continue
            try:
                parts[name] = self._element(dataset, tag, above + name, labels)
            except Exception:  # senders write any value, and pydicom may raise any error
                self.left_out.append(above + name)
        return parts

    def _element(self, dataset: Dataset, tag: BaseTag, path: str, labels: list[str]) -> str:
        self.values_left -= (count := _values(dataset, tag))
        if self.values_left < 0:
            self.values_left += count
            raise ValueError("more values than one instance may have")
        raw = _unconverted(dataset, tag)
        if not raw.value and raw.VR is not None and raw.VR not in STANDARD_VR:
            return json.dumps({"vr": "UN"})
        element = _with_texts_decoded(dataset, tag, labels)
        if " or " in element.VR:
            element = cast(DataElement, correct_ambiguous_vr_element(element, dataset, not self.is_big_endian))
            element.VR = one_vr(element.VR)
        if element.VR == "SQ":
            return self._sequence(element, path, labels)
        if element.VR in BULK_VRS and element.value is not None:
            if len(element.value) > INLINE_BYTES:
                return json.dumps({"vr": element.VR, "BulkDataURI": self.address_of(path)})
            if self.is_big_endian:
                element = DataElement(tag, element.VR, little_endian(element.value, element.VR))
        return json.dumps(element.to_json_dict(None, 0), allow_nan=False)

    def _sequence(self, element: DataElement, path: str, labels: list[str]) -> str:
        items = [
            _object(self.elements(item, f"{path}/{number}/", labels)) for number, item in enumerate(element.value, 1)
        ]
        return '{"vr": "SQ", "Value": [' + ", ".join(items) + "]}" if items else '{"vr": "SQ"}'


def _object(parts: dict[str, str]) -> str:
    return "{" + ",".join(f'"{name}":{parts[name]}' for name in sorted(parts)) + "}"


def _values(dataset: Dataset, tag: BaseTag) -> int:
    """The most objects that the element becomes, those in items apart. Nothing is converted."""
    element = _unconverted(dataset, tag)
    if isinstance(element, RawDataElement):
        vr, value = vr_of(dataset, element), element.value or b""
        return 1 if vr in BULK_VRS else 1 + value.count(b"\\") if vr in _TEXTS else 1 + len(value) // 2
    return 1 + (len(element.value) if element.VR == "SQ" else int(element.VM))


def _unconverted(dataset: Dataset, tag: BaseTag) -> RawDataElement | DataElement:
    """The element as it was read. Else pydicom converts an empty one, and raises for an unknown VR."""
    return dataset.get_item(tag, keep_deferred=True)


def _with_texts_decoded(dataset: Dataset, tag: BaseTag, labels: list[str]) -> DataElement:
    """The element with its texts as `text_bytes` reads them."""
    raw = dataset.get_item(tag)
    if isinstance(raw, RawDataElement):
        vr, value = vr_of(dataset, raw), raw.value or b""
        is_name = vr == "PN"
        if (is_name or vr in OF_ANY_CHARACTERS) and (not value.isascii() or ESCAPE in value):
            dataset[tag] = DataElement(tag, vr, decode_text(value, labels, is_name=is_name).rstrip(" \0"))
    return dataset[tag]

"""DICOM JSON model <-> the Native DICOM Model in XML (PS3.19 A.1), element by element. Neither knows what an element
means; `json_metadata` makes the JSON of a data set.

Incoming XML is hostile: no document type, no entities, no processing instructions, and bounds on depth and elements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from pydicom.datadict import keyword_for_tag

from app.errors import InvalidInput

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_CREATED = re.compile(r"[0-9A-F]{3}[13579BDF]00[1-9A-F][0-9A-F]")
MOST_DEPTH, MOST_ELEMENTS = 200, 400_000
_INTEGERS = frozenset({"IS", "SL", "SS", "SV", "UL", "US", "UV"})
_DECIMALS = frozenset({"DS", "FD", "FL"})

Model = dict[str, dict[str, Any]]
"""DICOM JSON of one data set: elements by eight hexadecimal digits."""


def to_xml(model: Model) -> str:
    """One `NativeDicomModel` document. What XML cannot hold of a text (control characters) is left out of it."""
    return f'{_HEAD}<NativeDicomModel xmlns="{NAMESPACE}">{"".join(_attributes(model))}</NativeDicomModel>'


def _attributes(model: Model) -> Iterator[str]:
    for name, element in sorted(model.items()):
        tag = int(name, 16)
        more = f" keyword={quoteattr(keyword)}" if (keyword := keyword_for_tag(tag)) else ""
        creator = _creator(model, name)
        more += f" privateCreator={_quoted(creator)}" if creator else ""
        yield f'<DicomAttribute tag="{name}" vr="{element["vr"]}"{more}>{"".join(_content(element))}</DicomAttribute>'


def _creator(model: Model, name: str) -> str:
    """Who reserved the block of a private element (PS3.5 7.8.1); empty for others."""
    if int(name[:4], 16) % 2 == 0 or _CREATED.fullmatch(name):
        return ""
    values = model.get(f"{name[:4]}00{name[4:6]}", {}).get("Value") or [""]
    return str(values[0])


def _content(element: dict[str, Any]) -> Iterator[str]:
    if "BulkDataURI" in element:
        yield f"<BulkData uri={_quoted(element['BulkDataURI'])}/>"
    if "InlineBinary" in element:
        yield f"<InlineBinary>{_text(element['InlineBinary'])}</InlineBinary>"
    for number, value in enumerate(element.get("Value", ()), 1):
        if element["vr"] == "SQ":
            yield f'<Item number="{number}">{"".join(_attributes(value or {}))}</Item>'
        elif element["vr"] == "PN":
            yield f'<PersonName number="{number}">{"".join(_groups(value or {}))}</PersonName>'
        else:
            yield f'<Value number="{number}">{"" if value is None else _text(value)}</Value>'


def _groups(name: dict[str, str]) -> Iterator[str]:
    for group in _GROUPS:
        if name.get(group):
            parts = zip(_COMPONENTS, name[group].split("^"), strict=False)
            content = "".join(f"<{tag}>{_text(part)}</{tag}>" for tag, part in parts if part)
            yield f"<{group}>{content}</{group}>"


def _text(value: object) -> str:
    return escape(_NO_XML.sub("", str(value)))


def _quoted(value: object) -> str:
    return quoteattr(_NO_XML.sub("", str(value)))


def from_xml(document: bytes) -> Model:
    """The DICOM JSON of one document. Raises InvalidInput for everything that is no `NativeDicomModel`."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ProcessingInstructionHandler = _refuse
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, LookupError, ValueError, UnicodeError, TypeError):
        raise _not_native() from None
    return reader.model


def _refuse(*_: object) -> None:
    raise _not_native()


def _not_native() -> InvalidInput:
    return InvalidInput("body", "is not a Native DICOM Model in XML")


class _Reader:
    """Builds the model from the parser's events. `open`: the data sets under way, from the outermost."""

    def __init__(self) -> None:
        self.model: Model = {}
        self._open: list[Model] = [self.model]
        self._elements: list[dict[str, Any]] = []
        self._path: list[str] = []
        self._letters: list[str] = []
        self._count = 0

    def start(self, name: str, given: dict[str, str]) -> None:
        name = name.rpartition(" ")[2]
        self._count += 1
        if (not self._path) != (name == "NativeDicomModel") or self._count > MOST_ELEMENTS:
            raise _not_native()
        self._path.append(name)
        if len(self._path) > MOST_DEPTH:
            raise _not_native()
        self._letters.clear()
        if name == "DicomAttribute":
            element: dict[str, Any] = {"vr": given["vr"]}
            if not re.fullmatch(r"[0-9A-Fa-f]{8}", given["tag"]) or not re.fullmatch("[A-Z]{2}", given["vr"]):
                raise _not_native()
            self._open[-1][given["tag"].upper()] = element
            self._elements.append(element)
        elif name == "Item":
            item: Model = {}
            self._values().append(item)
            self._open.append(item)
        elif name == "PersonName":
            self._values().append({})
        elif name == "BulkData":
            self._elements[-1]["BulkDataURI"] = given["uri"]

    def end(self, name: str) -> None:
        name, text = self._path.pop(), "".join(self._letters)
        self._letters.clear()
        if name == "DicomAttribute":
            self._elements.pop()
        elif name == "Item":
            self._open.pop()
        elif name == "Value":
            self._values().append(_value(self._elements[-1]["vr"], text))
        elif name == "InlineBinary":
            self._elements[-1]["InlineBinary"] = "".join(text.split())
        elif name in _COMPONENTS:
            group = self._path[-1]
            person = cast(dict[str, str], self._values()[-1])
            parts = person.get(group, "").split("^")
            at = _COMPONENTS.index(name)
            parts += [""] * (at + 1 - len(parts))
            parts[at] = text
            person[group] = "^".join(parts)

    def characters(self, text: str) -> None:
        self._letters.append(text)

    def _values(self) -> list[Any]:
        found: list[Any] = self._elements[-1].setdefault("Value", [])
        return found


def _value(vr: str, text: str) -> Any:
    if not text:
        return None
    return int(text) if vr in _INTEGERS else float(text) if vr in _DECIMALS else text

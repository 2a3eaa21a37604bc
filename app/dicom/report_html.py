"""A structured report (PS3.3 C.17.3) in words: as rows, and as a plain page in HTML for machines that show it as it is.

Every text of the file is escaped; nothing of it becomes markup, a link or a script."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any, NamedTuple

from pydicom.datadict import tag_for_keyword

MOST_ITEMS = 20_000
Model = dict[str, Any]
_TEXTS = ("TextValue", "DateTime", "Date", "Time", "UID")
_PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{title}</title></head><body><h1>{title}</h1>
{body}</body></html>
"""


class ReportRow(NamedTuple):
    """One content item: `depth` in the tree from 0, the concept's name, and the value in words."""

    depth: int
    name: str
    value: str


def report_html(model: Model) -> str:
    """The page of a report, given as DICOM JSON."""
    title = escape(title_of(model) or "Structured report")
    return _PAGE.format(title=title, body="".join(_lists(content_rows(model))))


def title_of(model: Model) -> str:
    return _meaning(model, "ConceptNameCodeSequence")


def content_rows(model: Model) -> Iterator[ReportRow]:
    """The content items of a report, given as DICOM JSON, in reading order: at most MOST_ITEMS."""
    yield from itertools.islice(_rows(model, 0), MOST_ITEMS)


def _rows(model: Model, depth: int) -> Iterator[ReportRow]:
    for item in _values(model, "ContentSequence"):
        if isinstance(item, dict):
            yield ReportRow(depth, _meaning(item, "ConceptNameCodeSequence"), _value(item))
            yield from _rows(item, depth + 1)


def _lists(rows: Iterable[ReportRow]) -> Iterator[str]:
    """Lists within lists, as deep as the rows are."""
    open_lists = 0
    for depth, name, value in rows:
        if depth < open_lists:
            yield "</li>\n" + "</ul>\n</li>\n" * (open_lists - 1 - depth)
        while open_lists <= depth:
            yield "<ul>\n"
            open_lists += 1
        open_lists = depth + 1
        yield f"<li><b>{escape(name)}</b> {escape(value)}"
    if open_lists:
        yield "</li>\n" + "</ul>\n</li>\n" * (open_lists - 1) + "</ul>\n"


def _value(item: Model) -> str:
    """The value of one content item in words (PS3.3 table C.17.3-7)."""
    for keyword in _TEXTS:
        if found := _values(item, keyword):
            return str(found[0])
    if person := _values(item, "PersonName"):
        return " ".join(str(group) for group in person[0].values())
    if code := _meaning(item, "ConceptCodeSequence"):
        return code
    measured = [value for value in _values(item, "MeasuredValueSequence") if isinstance(value, dict)]
    if measured:
        number = _values(measured[0], "NumericValue")
        unit = [code for code in _values(measured[0], "MeasurementUnitsCodeSequence") if isinstance(code, dict)]
        return (
            f"{number[0] if number else ''} {str((_values(unit[0], 'CodeValue') or [''])[0]) if unit else ''}".strip()
        )
    referenced = [value for value in _values(item, "ReferencedSOPSequence") if isinstance(value, dict)]
    return str((_values(referenced[0], "ReferencedSOPInstanceUID") or [""])[0]) if referenced else ""


def _meaning(item: Model, keyword: str) -> str:
    codes = [code for code in _values(item, keyword) if isinstance(code, dict)]
    return str((_values(codes[0], "CodeMeaning") or _values(codes[0], "CodeValue") or [""])[0]) if codes else ""


def _values(item: Model, keyword: str) -> list[Any]:
    tag = tag_for_keyword(keyword)
    assert tag is not None
    return [value for value in item.get(f"{tag:08X}", {}).get("Value", ()) if value is not None]

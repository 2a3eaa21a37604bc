"""A structured report (PS3.3 C.17.3) as rows of name and value. app/dicom/report_html says what a value is in words."""

from __future__ import annotations

import json
from dataclasses import dataclass

from app.dicom.json_metadata import to_json
from app.dicom.part10 import ParsedFile
from app.dicom.report_html import MOST_ITEMS, ReportRow, content_rows, title_of
from app.imaging.evidence.checks import demand, plain, text, whole
from app.imaging.evidence.kinds import EvidenceFault, SetAside

DEEPEST = 64


@dataclass(frozen=True)
class Report:
    """`rows`: in reading order, each with its depth from 0."""

    title: str
    rows: tuple[ReportRow, ...]


def read_report(parsed: ParsedFile) -> list[bytes]:
    """Raises SetAside for a report that says nothing."""
    model = json.loads(to_json(parsed.dataset, parsed.transfer_syntax_uid, None, lambda path: path).text)
    rows = [[row.depth, row.name[:1024], row.value[:4096]] for row in content_rows(model)]
    if not rows:
        raise SetAside(EvidenceFault.UNREADABLE)
    return [plain({"title": title_of(model)[:256], "rows": rows})]


def report_of(parts: list[bytes]) -> Report:
    """Raises ValueError and others for what no child of ours says."""
    [said] = parts
    found = json.loads(said)
    demand(len(found["rows"]) <= MOST_ITEMS)
    rows = tuple(ReportRow(whole(depth, 0, DEEPEST), text(name), text(value)) for depth, name, value in found["rows"])
    return Report(text(found["title"]), rows)

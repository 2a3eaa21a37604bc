"""Reads one object that is no picture, in a child, and reads the child's answer in the parent.

An answer is bytes: JSON, and for some kinds numbers behind it. The parent checks each part, as of headers
(app/imaging/sandbox/header_answers).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from app.dicom.part10 import HeaderLimits, ParsedFile, parse
from app.imaging.evidence.contours import Contours, contours_of, read_contours
from app.imaging.evidence.dose import Totals, read_totals, totals_of
from app.imaging.evidence.ecg import Ecg, ecg_of, read_ecg
from app.imaging.evidence.key_objects import KeyObjects, key_objects_of, read_key_objects
from app.imaging.evidence.kinds import EvidenceFault, EvidenceKind, SetAside
from app.imaging.evidence.pdf import pdf_of, read_pdf
from app.imaging.evidence.presentations import Presentations, presentations_of, read_presentations
from app.imaging.evidence.report import Report, read_report, report_of
from app.imaging.evidence.segments import Segments, read_segments, segments_of

Evidence = Report | Totals | Ecg | Segments | Contours | KeyObjects | Presentations | bytes
"""What an object says; bytes are a PDF."""
_READ: dict[EvidenceKind, Callable[[ParsedFile], list[bytes]]] = {
    EvidenceKind.REPORT: read_report,
    EvidenceKind.DOSE: lambda parsed: read_totals(parsed) or read_report(parsed),
    EvidenceKind.PDF: read_pdf,
    EvidenceKind.ECG: read_ecg,
    EvidenceKind.SEGMENTS: read_segments,
    EvidenceKind.CONTOURS: read_contours,
    EvidenceKind.KEY_OBJECTS: read_key_objects,
    EvidenceKind.PRESENTATION: read_presentations,
}
_OF_PARTS: dict[EvidenceKind, Callable[[list[bytes]], Evidence]] = {
    EvidenceKind.REPORT: report_of,
    EvidenceKind.DOSE: lambda parts: totals_of(parts) if parts[0].startswith(b"[") else report_of(parts),
    EvidenceKind.PDF: pdf_of,
    EvidenceKind.ECG: ecg_of,
    EvidenceKind.SEGMENTS: segments_of,
    EvidenceKind.CONTOURS: contours_of,
    EvidenceKind.KEY_OBJECTS: key_objects_of,
    EvidenceKind.PRESENTATION: presentations_of,
}


def read_evidence(file: BinaryIO, kind: EvidenceKind, limits: HeaderLimits) -> list[bytes]:
    """The answer about a file. Raises SetAside, RefusedObject, MemoryError."""
    if kind not in _READ:
        raise SetAside(EvidenceFault.NO_WAY)
    parsed = parse(file, limits)
    try:
        return _READ[kind](parsed)
    except (SetAside, MemoryError):
        raise
    except Exception:  # pydicom converts a value at the first access, and an odd value may raise anything
        raise SetAside(EvidenceFault.UNREADABLE) from None


def evidence_of(kind: EvidenceKind, parts: list[bytes]) -> Evidence:
    """Raises ValueError and other errors of odd values for what no child of ours says."""
    return _OF_PARTS[kind](parts)

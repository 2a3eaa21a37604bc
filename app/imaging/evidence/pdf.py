"""An encapsulated PDF (PS3.3 A.45.1): its bytes, when it is one and can do nothing by itself.

Whoever opens the file may have a reader that runs scripts. So a file that could is set aside, and so is one that cannot
be looked through.
"""

from __future__ import annotations

import io
from typing import Any

import pypdf.filters  # noqa: F401 - pypdf loads it at first use, when a caged child opens no file any more
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from app.dicom.bulk_values import bulk_value
from app.dicom.part10 import ParsedFile
from app.imaging.evidence.checks import demand
from app.imaging.evidence.kinds import EvidenceFault, SetAside

MOST_BYTES = 32 * 1024 * 1024
MOST_OBJECTS = 50_000
_START = b"%PDF-"
_ACTIVE_KEYS = frozenset({"/JS", "/JavaScript", "/EmbeddedFiles", "/EF", "/XFA", "/RichMediaContent", "/AA"})
_ACTIVE_ACTIONS = frozenset(
    {
        *("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/Rendition", "/Movie", "/Sound"),
        *("/RichMediaExecute", "/RichMedia", "/EmbeddedFile", "/FileAttachment", "/3D", "/Screen"),
    }
)


def read_pdf(parsed: ParsedFile) -> list[bytes]:
    """Raises SetAside."""
    found = bulk_value(parsed.dataset, "00420011") or b""
    if len(found) > MOST_BYTES:
        raise SetAside(EvidenceFault.TOO_LARGE)
    pdf = found.rstrip(b"\0")
    if not pdf.startswith(_START):
        raise SetAside(EvidenceFault.NOT_A_PDF)
    if is_active(pdf):
        raise SetAside(EvidenceFault.ACTIVE_PDF)
    return [pdf]


def pdf_of(parts: list[bytes]) -> bytes:
    """Raises ValueError for what no child of ours says."""
    [pdf] = parts
    demand(pdf.startswith(_START) and len(pdf) <= MOST_BYTES)
    return pdf


def is_active(pdf: bytes) -> bool:
    """Whether the file can run scripts, start programs or carries files. Raises SetAside when nobody can tell."""
    try:
        reader = PdfReader(io.BytesIO(pdf), strict=False)
        if reader.is_encrypted:
            raise SetAside(EvidenceFault.UNREADABLE)
        ids = {number for numbers in reader.xref.values() for number in numbers} | set(reader.xref_objStm)
        if len(ids) > MOST_OBJECTS:
            raise SetAside(EvidenceFault.TOO_MANY_PARTS)
        return _acts(reader.trailer) or any(_acts(reader.get_object(number)) for number in sorted(ids) if number)
    except (SetAside, MemoryError):
        raise
    except Exception as error:  # pypdf may raise anything for odd bytes
        raise SetAside(EvidenceFault.UNREADABLE) from error


def _acts(found: Any) -> bool:
    """Looks into what stands in the object itself; what it refers to is an object of its own."""
    waiting = [found]
    while waiting:
        this = waiting.pop()
        if isinstance(this, IndirectObject):
            continue
        if isinstance(this, DictionaryObject):
            if any(key in _ACTIVE_KEYS for key in this):
                return True
            kinds = (this.raw_get(key) for key in ("/S", "/Subtype", "/Type") if key in this)
            if any(isinstance(kind, str) and kind in _ACTIVE_ACTIONS for kind in kinds):
                return True
            waiting += [this.raw_get(key) for key in this]
        elif isinstance(this, ArrayObject):
            waiting += list(this)
    return False

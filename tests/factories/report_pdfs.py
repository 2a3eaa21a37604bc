"""PDFs as a RIS makes them: a page with text, full pages, encrypted, signed and odd ones."""

from __future__ import annotations

import io
from collections.abc import Callable

from fpdf import FPDF
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, NumberObject, RectangleObject


def made(draw: Callable[[FPDF], None] = lambda pdf: None, pages: int = 1) -> bytes:
    pdf = FPDF(unit="mm", format="A4")
    pdf.set_auto_page_break(False)
    pdf.set_font("helvetica", size=12)
    for _ in range(pages):
        pdf.add_page()
        draw(pdf)
    return bytes(pdf.output())


def _report(pdf: FPDF) -> None:
    """A frame, a heading in the upper right corner, and text: the upper left corner is free."""
    pdf.rect(3, 3, 204, 291)
    pdf.text(120, 15, "RADIOLOGY REPORT OF A HOSPITAL")
    for line in range(12):
        pdf.text(20, 60 + 10 * line, "Both lungs are clear. No consolidation is seen.")


def sheet(pages: int = 1) -> bytes:
    return made(_report, pages)


def full() -> bytes:
    """Text everywhere."""

    def draw(pdf: FPDF) -> None:
        for line in range(58):
            pdf.text(2, 5 * line + 5, "x" * 80)

    return made(draw)


def changed(pdf: bytes, change: Callable[[PdfWriter], None]) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def encrypted() -> bytes:
    return changed(sheet(), lambda writer: writer.encrypt("secret", algorithm="AES-256"))


def signed() -> bytes:
    form = DictionaryObject({NameObject("/SigFlags"): NumberObject(3)})
    return changed(sheet(), lambda writer: writer.root_object.update({NameObject("/AcroForm"): form}))


def rotated(degrees: int) -> bytes:
    return changed(sheet(), lambda writer: writer.pages[0].rotate(degrees) and None)


def shifted() -> bytes:
    """Its page does not begin at zero."""

    def change(writer: PdfWriter) -> None:
        page = writer.pages[0]
        page.mediabox = page.cropbox = RectangleObject((-50, 30, 545.28, 871.89))

    return changed(sheet(), change)

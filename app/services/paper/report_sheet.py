"""Draws our own report sheet: A4, Chinese, with the exam's QR (fpdf2, Noto Sans SC). Its words are in templates/paper.

A character that is not in the font is never left blank: it becomes 〓, and the end of the sheet lists its code point.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont
from fpdf import FPDF

from app.clock import CHINA
from app.errors import GlyphMissing
from app.services.exams.views import ExamView
from app.services.paper import qr
from app.services.paper.font import font_file
from app.services.paper.modality_names import modality_name

WORDS_FILE = Path(__file__).resolve().parent.parent.parent.parent / "templates" / "paper" / "report_sheet.toml"
FONT = "sheet"
GETA = "〓"
MARGIN, WIDTH, QR_SIDE, FOOT = 18.0, 210.0, 24.0, 12.0


@lru_cache(maxsize=1)
def words() -> dict[str, Any]:
    with WORDS_FILE.open("rb") as file:
        return tomllib.load(file)


@lru_cache(maxsize=1)
def printable() -> frozenset[int]:
    """The code points that the font has."""
    with TTFont(font_file(), lazy=True, fontNumber=0) as font:
        return frozenset(font.getBestCmap())


def check_glyphs(text: str) -> None:
    """Raises GlyphMissing when a character of `text` cannot be printed."""
    if any(ord(letter) not in printable() for letter in text if letter != "\n"):
        raise GlyphMissing("a character is not in the font")


@dataclass
class _Glyphs:
    """Replaces characters that cannot be printed, and remembers them."""

    missing: list[str]

    def safe(self, text: str) -> str:
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")  # no font draws these
        try:
            check_glyphs(text)
        except GlyphMissing:
            return "".join(self._one(letter) for letter in text)
        return text

    def _one(self, letter: str) -> str:
        if letter == "\n" or ord(letter) in printable():
            return letter
        self.missing.append(f"U+{ord(letter):04X}")
        return GETA


def age(birth_date: str, on: date) -> str:
    """Age in full years, or in months below two years. The sheet never prints the birth date."""
    born = date.fromisoformat(birth_date)
    months = (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)
    if months < 24:
        return str(words()["months"].format(months=max(months, 0)))
    return str(words()["years"].format(years=months // 12))


def render(view: ExamView, qr_url: str | None, hospital_name: str) -> bytes:
    """The sheet as PDF, with the newest report that patients may read, or with the reason why there is none. `qr_url`:
    None for a sheet without QR."""
    sheet = _Sheet(view, hospital_name, qr_url)
    sheet.head()
    sheet.facts(view)
    sheet.body(view)
    return sheet.finish()


class _Pages(FPDF):
    """Prints name, accession number and page number on every page, because pages may get separated."""

    def __init__(self, owner: str) -> None:
        super().__init__(unit="mm", format="A4")
        self._owner = owner

    def footer(self) -> None:
        text = f"{self._owner}    {words()['page'].format(page=self.page_no())}"
        self.set_y(-FOOT)
        self.set_font(FONT, size=9)
        self.set_font_size(9 * min(1, self.epw / self.get_string_width(text)))
        self.cell(0, 5, text, align="C")


class _Sheet:
    def __init__(self, view: ExamView, hospital_name: str, qr_url: str | None) -> None:
        self._hospital_name, self._qr_url = hospital_name, qr_url
        self._glyphs = _Glyphs([])
        self._words = words()
        owner = (
            f"{self._words['name']}：{view.patient.name}    {self._words['accession_number']}：{view.accession_number}"
        )
        self._pdf = _Pages(self._words["unnamed"] if view.is_anonymous else self._glyphs.safe(owner))
        self._pdf.set_margins(MARGIN, MARGIN, MARGIN)
        self._pdf.set_auto_page_break(True, margin=MARGIN)
        self._pdf.add_font(FONT, fname=font_file())
        self._pdf.set_title(self._words["title"])
        self._pdf.add_page()

    def head(self) -> None:
        self._text(16, self._hospital_name, width=WIDTH - 2 * MARGIN - QR_SIDE - 4, height=9)
        self._text(20, self._words["title"], width=WIDTH - 2 * MARGIN - QR_SIDE - 4, height=11)
        if self._qr_url is not None:
            self._draw_qr(self._qr_url, WIDTH - MARGIN - QR_SIDE, MARGIN - 4)
            self._text(9, self._words["how_to"], width=WIDTH - 2 * MARGIN - QR_SIDE - 4, height=6)
        self._pdf.set_y(max(self._pdf.get_y(), MARGIN + QR_SIDE + 2))
        self._rule()

    def facts(self, view: ExamView) -> None:
        patient, label = view.patient, self._words
        performed = view.performed_at.astimezone(CHINA)
        pairs = [
            (label["name"], patient.name),
            (label["sex"], label["sexes"][patient.sex]),
            (label["age"], age(patient.birth_date, performed.date())),
            (label["accession_number"], view.accession_number),
            (label["patient_id"], patient.patient_id),
            (label["modality"], modality_name(view.modality)),
            (label["body_part"], view.body_part),
            (label["department"], view.department),
            (label["performed_at"], _when(view.performed_at)),
        ]
        if view.is_anonymous:
            whose = (label["name"], label["accession_number"], label["patient_id"])
            pairs = [pair for pair in pairs if pair[0] not in whose]
        for row in range(0, len(pairs), 3):
            self._row([f"{name}：{value}" for name, value in pairs[row : row + 3]])
        self._rule()

    def _row(self, texts: list[str]) -> None:
        """Print texts side by side in columns. A long text takes more lines and never runs into the next column."""
        self._pdf.set_font(FONT, size=10.5)
        column, top, bottom = (WIDTH - 2 * MARGIN) / len(texts), self._pdf.get_y(), 0.0
        for number, text in enumerate(texts):
            self._pdf.set_xy(MARGIN + number * column, top)
            self._pdf.multi_cell(column - 3, 7.5, self._glyphs.safe(text), align="L", new_x="LEFT", new_y="NEXT")
            bottom = max(bottom, self._pdf.get_y())
        self._pdf.set_xy(MARGIN, bottom)

    def body(self, view: ExamView) -> None:
        label, report = self._words, view.report
        if report is None or view.held:  # paper cannot be taken back
            without = "no_report" if self._qr_url else "no_report_without_code"
            self._text(13, label["held" if view.held else without], height=12)
            return
        for title, text in ((label["findings"], report.findings), (label["impression"], report.impression)):
            self._text(13, title, height=10)
            self._text(11.5, text or "—", height=7)
            self._pdf.ln(3)
        self._rule()
        status = label["statuses"][report.status].format(version=report.version)
        signed = (
            f"{label['reporting_doctor']}：{report.reporting_doctor}    "
            f"{label['reviewing_doctor']}：{report.reviewing_doctor}"
        )
        self._text(10.5, signed, height=7)
        self._text(10.5, f"{label['reported_at']}：{_when(report.reported_at)}    {status}", height=7)

    def finish(self) -> bytes:
        if self._glyphs.missing:
            characters = " ".join(dict.fromkeys(self._glyphs.missing))
            self._text(9, self._words["missing_glyph"].format(characters=characters), height=6)
        self._text(9, self._words["caveat"], height=6)
        return bytes(self._pdf.output())

    def _text(self, size: float, text: str, *, width: float = 0, height: float) -> None:
        self._pdf.set_font(FONT, size=size)
        self._pdf.multi_cell(width, height, self._glyphs.safe(text), align="L", new_x="LMARGIN", new_y="NEXT")

    def _rule(self) -> None:
        self._pdf.set_draw_color(150)
        self._pdf.line(MARGIN, self._pdf.get_y() + 1, WIDTH - MARGIN, self._pdf.get_y() + 1)
        self._pdf.ln(3)

    def _draw_qr(self, url: str, left: float, top: float) -> None:
        """Draw vector squares, which are sharp at any resolution. The white paper around is the quiet zone."""
        rows = qr.modules(url)
        side = QR_SIDE / len(rows)
        self._pdf.set_fill_color(0)
        for y, row in enumerate(rows):
            for x, dark in enumerate(row):
                if dark:
                    self._pdf.rect(left + x * side, top + y * side, side, side, style="F")


def _when(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m-%d %H:%M}"

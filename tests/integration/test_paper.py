"""The printed QR and report sheet: scanned as a phone would, at 150 dpi, in grey."""

from __future__ import annotations

import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from app.bootstrap import Services
from app.errors import GlyphMissing
from app.services import qr, report_sheet
from app.services.exam_input import exam_input, report_input
from tests.factories.house import exam_body, report_body, services
from tests.factories.telling import receive_study

URL = "https://film.example.org/q/ABCDEFGHIJKLMNOPQRSTUVWXYZ"
pytestmark = pytest.mark.skipif(
    not (shutil.which("zbarimg") and shutil.which("pdftoppm")), reason="zbar-tools or poppler-utils is missing"
)


@pytest.fixture
def house(tmp_path: Path) -> Services:
    built = services(tmp_path)
    built.exams.register("A1", exam_input(exam_body()), "test")
    return built


def scan(picture: Path) -> str:
    found = subprocess.run(["zbarimg", "-q", "--raw", str(picture)], capture_output=True, text=True, check=False)
    return found.stdout.strip()


def pages(pdf: bytes, folder: Path) -> Path:
    (folder / "sheet.pdf").write_bytes(pdf)
    command = ["pdftoppm", "-r", "150", "-gray", "-png", "-f", "1", "-l", "1", "sheet.pdf", "sheet"]
    subprocess.run(command, cwd=folder, check=True)
    return next(folder.glob("sheet-*.png"))


def words_of(pdf: bytes, folder: Path) -> str:
    """The sheet's text as a reader copies it out, without line ends."""
    (folder / "text.pdf").write_bytes(pdf)
    found = subprocess.run(["pdftotext", "text.pdf", "-"], cwd=folder, capture_output=True, text=True, check=True)
    return found.stdout.replace("\n", "")


def test_the_png_scans(tmp_path: Path) -> None:
    (tmp_path / "qr.png").write_bytes(qr.png(URL))
    assert scan(tmp_path / "qr.png") == URL


def test_the_svg_prints_at_least_twenty_millimetres_wide() -> None:
    svg = qr.svg(URL).decode()
    width = float(svg.partition('width="')[2].partition("mm")[0])
    modules = len(qr.modules(URL))
    assert width * modules / (modules + 8) >= 20


def test_the_sheet_scans_in_grey_at_150_dpi(house: Services, tmp_path: Path) -> None:
    house.exams.add_report("A1", report_input(report_body()), "test")
    picture = pages(house.paper.sheet("A1", "test"), tmp_path)
    assert scan(picture) == house.paper.qr_url("A1", "test")


def test_the_symbol_alone_still_scans_at_twenty_millimetres(house: Services, tmp_path: Path) -> None:
    picture = Image.open(pages(house.paper.sheet("A1", "test"), tmp_path))
    small = picture.resize([round(side * 20 / report_sheet.QR_SIDE) for side in picture.size])
    small.save(tmp_path / "small.png")
    assert scan(tmp_path / "small.png") == house.paper.qr_url("A1", "test")


def test_the_sheet_says_what_it_must_and_no_more(house: Services, tmp_path: Path) -> None:
    house.exams.add_report("A1", report_input(report_body()), "test")
    text = words_of(house.paper.sheet("A1", "test"), tmp_path)
    for words in ("李娜", "66 岁", "双肺纹理清晰", "陈医生", "A1", "医学影像检查报告单"):
        assert words in text
    for secret in ("1960", "13900000001", "120101"):
        assert secret not in text


def test_without_a_report_the_sheet_says_so(house: Services, tmp_path: Path) -> None:
    text = words_of(house.paper.sheet("A1", "test"), tmp_path)
    assert "报告未出" in text


def test_the_sheet_of_a_held_exam_prints_no_report(house: Services, tmp_path: Path) -> None:
    house.exams.add_report("A1", report_input(report_body()), "test")
    receive_study(house, PatientName="Wang^Jianguo=王^建国")
    text = words_of(house.paper.sheet("A1", "test"), tmp_path)
    assert "正在核对" in text
    assert "双肺纹理清晰" not in text


def test_a_character_without_glyph_is_an_error_with_a_fallback_never_a_blank(house: Services, tmp_path: Path) -> None:
    rare = "\U00031234"
    with pytest.raises(GlyphMissing):
        report_sheet.check_glyphs(rare)
    house.exams.register("A2", exam_input(exam_body(patient_name=f"李{rare}", patient_id="P7")), "test")
    text = words_of(house.paper.sheet("A2", "test"), tmp_path)
    assert "李〓" in text
    assert "U+31234" in text


@pytest.mark.parametrize(
    ("born", "on", "words"),
    [("1960-01-02", date(2026, 1, 1), "65 岁"), ("1960-01-02", date(2026, 1, 2), "66 岁"),
     ("2025-03-05", date(2026, 3, 4), "11 个月"), ("2026-03-05", date(2026, 3, 4), "0 个月")],
)  # fmt: skip
def test_the_age_counts_full_years_and_for_infants_months(born: str, on: date, words: str) -> None:
    assert report_sheet.age(born, on) == words

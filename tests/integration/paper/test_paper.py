"""The printed QR and report sheet: scanned as a phone would, at 150 dpi, in grey."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from app.bootstrap import Services
from app.errors import GlyphMissing, NotFound
from app.repos.exams import exams as repo
from app.services.paper import qr, report_sheet
from app.web.machine.ris.bodies import exam_input, report_input
from tests.factories.house import exam_body, report_body, services
from tests.factories.telling import receive_study

URL = "https://film.example.org/q/ABCDEFGHIJKLMNOPQRSTUVWXYZ"
pytestmark = pytest.mark.skipif(
    not (shutil.which("zbarimg") and shutil.which("pdftoppm")), reason="zbar-tools or poppler-utils is missing"
)


@pytest.fixture
def house(tmp_path: Path) -> Services:
    built = services(tmp_path)
    built.exams.registration.register("A1", exam_input(exam_body()), "test")
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
    house.exams.reports.add("A1", report_input(report_body()), "test")
    picture = pages(house.paper.paper.sheet("A1", "test"), tmp_path)
    assert scan(picture) == house.paper.paper.qr_url("A1", "test")


def test_the_symbol_alone_still_scans_at_twenty_millimetres(house: Services, tmp_path: Path) -> None:
    picture = Image.open(pages(house.paper.paper.sheet("A1", "test"), tmp_path))
    small = picture.resize([round(side * 20 / report_sheet.QR_SIDE) for side in picture.size])
    small.save(tmp_path / "small.png")
    assert scan(tmp_path / "small.png") == house.paper.paper.qr_url("A1", "test")


def test_the_sheet_says_what_it_must_and_no_more(house: Services, tmp_path: Path) -> None:
    house.exams.reports.add("A1", report_input(report_body()), "test")
    text = words_of(house.paper.paper.sheet("A1", "test"), tmp_path)
    for words in ("李娜", "66 岁", "双肺纹理清晰", "陈医生", "A1", "医学影像检查报告单"):
        assert words in text
    for secret in ("1960", "13900000001", "120101"):
        assert secret not in text


def test_without_a_report_the_sheet_says_so(house: Services, tmp_path: Path) -> None:
    text = words_of(house.paper.paper.sheet("A1", "test"), tmp_path)
    assert "报告未出" in text


def test_the_sheet_of_a_held_exam_prints_no_report(house: Services, tmp_path: Path) -> None:
    house.exams.reports.add("A1", report_input(report_body()), "test")
    receive_study(house, PatientName="Wang^Jianguo=王^建国")
    text = words_of(house.paper.paper.sheet("A1", "test"), tmp_path)
    assert "正在核对" in text
    assert "双肺纹理清晰" not in text


def test_a_character_without_glyph_is_an_error_with_a_fallback_never_a_blank(house: Services, tmp_path: Path) -> None:
    rare = "\U00031234"
    with pytest.raises(GlyphMissing):
        report_sheet.check_glyphs(rare)
    house.exams.registration.register("A2", exam_input(exam_body(patient_name=f"李{rare}", patient_id="P7")), "test")
    text = words_of(house.paper.paper.sheet("A2", "test"), tmp_path)
    assert "李〓" in text
    assert "U+31234" in text


def places(pdf: bytes, folder: Path) -> list[tuple[float, float, float, float, str]]:
    """Every word of the first page with its box in points: left, top, right, bottom."""
    (folder / "boxes.pdf").write_bytes(pdf)
    subprocess.run(["pdftotext", "-bbox", "-l", "1", "boxes.pdf", "boxes.html"], cwd=folder, check=True)
    pattern = r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>'
    found = re.findall(pattern, (folder / "boxes.html").read_text())
    return [(float(left), float(top), float(right), float(bottom), word) for left, top, right, bottom, word in found]


def test_long_names_and_numbers_run_into_nothing_and_off_no_page(house: Services, tmp_path: Path) -> None:
    long = exam_body(
        patient_name="MUHAMMAD ABDULLAH BIN ABDULRAHMAN AL-SAUD AL-HASHIMI BIN YUSUF",
        patient_id="X" * 64,
        department="呼吸与危重症医学科（东院区）" * 4,
        body_part="胸腹部盆腔" * 12,
    )
    house.exams.registration.register("A" * 64, exam_input(long), "test")
    house.exams.reports.add("A" * 64, report_input(report_body(reporting_doctor="陈" * 64)), "test")
    hospital = "天津市某某某某某某某某某某大学附属第一医院（东院区）暨某某研究所"
    view = house.exams.views.by_accession("A" * 64)
    boxes = places(report_sheet.render(view, URL, hospital), tmp_path)
    assert len(boxes) > 20
    for left, top, right, bottom, word in boxes:
        assert 0 <= left < right <= 595, word
        assert 0 <= top < bottom <= 842, word
    for one, other in itertools.combinations(boxes, 2):
        across = min(one[2], other[2]) - max(one[0], other[0])
        down = min(one[3], other[3]) - max(one[1], other[1])
        # boxes of lines one below the other touch; half a line of overlap cannot be read
        assert across <= 0.5 or down < 6, (one[4], other[4])


def test_a_long_report_flows_on_and_every_page_says_whose_it_is(house: Services, tmp_path: Path) -> None:
    house.exams.reports.add("A1", report_input(report_body(findings="肺" * 3000, impression="末" * 200)), "test")
    (tmp_path / "long.pdf").write_bytes(house.paper.paper.sheet("A1", "test"))
    command = ["pdftotext", "-layout", "long.pdf", "-"]
    text = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    sides = text.split("\f")[:-1]
    assert len(sides) >= 2
    for number, side in enumerate(sides, 1):
        assert "李娜" in side
        assert f"第 {number} 页" in side
    assert (text.count("肺"), text.count("末")) == (3000, 200)
    assert "周主任" in sides[-1]


def test_tabs_and_line_ends_are_room_and_lines_not_missing_glyphs(house: Services, tmp_path: Path) -> None:
    findings = "左肺\t右肺\r\n心影\r纵隔"
    house.exams.reports.add("A1", report_input(report_body(findings=findings)), "test")
    (tmp_path / "text.pdf").write_bytes(house.paper.paper.sheet("A1", "test"))
    command = ["pdftotext", "-layout", "text.pdf", "-"]
    text = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert re.search(r"左肺 +右肺\n", text)
    assert re.search(r"^ *心影$", text, re.MULTILINE)
    assert re.search(r"^ *纵隔$", text, re.MULTILINE)
    assert "〓" not in text


def test_every_text_on_the_sheet_is_checked_for_glyphs(house: Services, tmp_path: Path) -> None:
    rare = "\U00031234"
    house.exams.registration.register(
        "A3", exam_input(exam_body(body_part=rare, department=rare, modality=rare)), "test"
    )
    report = report_body(findings=rare, impression=rare, reporting_doctor=rare, reviewing_doctor=rare)
    house.exams.reports.add("A3", report_input(report), "test")
    view = house.exams.views.by_accession("A3")
    text = words_of(report_sheet.render(view, URL, rare), tmp_path)
    assert text.count("〓") == 8 + 1  # the note at the end names the sign once
    assert rare not in text


def test_the_symbol_has_error_correction_m_at_least_and_four_white_modules_around(tmp_path: Path) -> None:
    (tmp_path / "qr.png").write_bytes(qr.png(URL))
    picture = Image.open(tmp_path / "qr.png").convert("L")
    modules = len(qr.modules(URL))
    assert picture.size == ((modules + 8) * 10,) * 2
    for edge in ((0, 0, picture.width, 40), (0, 0, 40, picture.height)):
        assert picture.crop(edge).getextrema() == (255, 255)
        assert picture.rotate(180).crop(edge).getextrema() == (255, 255)
    # the two bits of the format information beside the upper left finder pattern (ISO/IEC 18004 7.9), mask removed
    row = qr.modules(URL)[8]
    level = (row[0] << 1 | row[1]) ^ 0b10
    assert level in (0b00, 0b11, 0b10)  # M, Q, H


def test_the_sheets_symbol_has_four_white_modules_around(house: Services, tmp_path: Path) -> None:
    hospital = "天津市某某某某某某某某某某大学附属第一医院（东院区）暨某某研究所"
    sheet = report_sheet.render(house.exams.views.by_accession("A1"), URL, hospital)
    picture = Image.open(pages(sheet, tmp_path)).convert("L")
    millimetre, module = 150 / 25.4, report_sheet.QR_SIDE / len(qr.modules(URL))
    left = report_sheet.WIDTH - report_sheet.MARGIN - report_sheet.QR_SIDE
    top, quiet = report_sheet.MARGIN - 4, 4 * module
    outer = picture.crop(
        [
            round(side * millimetre)
            for side in (
                left - quiet,
                top - quiet,
                left + report_sheet.QR_SIDE + quiet,
                top + report_sheet.QR_SIDE + quiet,
            )
        ]
    )
    inner = Image.new("L", [round((report_sheet.QR_SIDE + 0.4) * millimetre)] * 2, 255)
    outer.paste(inner, [round((quiet - 0.2) * millimetre)] * 2)
    assert outer.getextrema() == (255, 255)


def test_what_can_be_no_accession_number_is_on_no_paper(house: Services) -> None:
    for name in ("\0", "A\0", "A1\n", "", ".."):
        for printed in (house.paper.paper.qr_png, house.paper.paper.qr_svg, house.paper.paper.sheet):
            with pytest.raises(NotFound):
                printed(name, "test")


def test_a_reprint_is_the_same_symbol_and_after_a_revocation_another(house: Services) -> None:
    first = house.paper.paper.qr_svg("A1", "test")
    house.exams.reports.add("A1", report_input(report_body()), "test")
    assert house.paper.paper.qr_svg("A1", "test") == first
    with house.db.session() as session:
        exam = repo.exam_by_accession(session, "A1")
        assert exam is not None
        house.patient_access.codes.revoke_all(session, exam, "staff:a", "lost")
    again = house.paper.paper.qr_svg("A1", "test")
    assert again != first
    assert house.paper.paper.qr_svg("A1", "test") == again


@pytest.mark.parametrize(
    ("born", "on", "words"),
    [
        ("1960-01-02", date(2026, 1, 1), "65 岁"),
        ("1960-01-02", date(2026, 1, 2), "66 岁"),
        ("2025-03-05", date(2026, 3, 4), "11 个月"),
        ("2026-03-05", date(2026, 3, 4), "0 个月"),
    ],
)
def test_the_age_counts_full_years_and_for_infants_months(born: str, on: date, words: str) -> None:
    assert report_sheet.age(born, on) == words

"""The exam's QR on the RIS's own PDF: it scans, covers nothing, and whatever is sent ends in a PDF or a reason."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zlib
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageChops
from pypdf import PdfReader

from app.bootstrap import Services
from app.errors import Busy
from app.services.paper import qr
from app.services.paper.stamped_pdf import POINTS, Unstampable, Wanted, stamped
from app.services.paper.stamping import MOST_AT_ONCE, MOST_BYTES
from tests.factories.report_pdfs import changed, encrypted, full, made, rotated, sheet, shifted, signed
from tests.factories.telling import register

URL = "https://film.example.org/q/ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MODULES = qr.modules(URL)
programs = pytest.mark.skipif(
    not (shutil.which("zbarimg") and shutil.which("pdftoppm")), reason="zbar-tools or poppler-utils is missing"
)


@pytest.fixture
def client(house: Services, app: Flask) -> FlaskClient:
    register(house, "A1")
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {house.machines.tokens.create('ris', {'ris'}, 'test')}"
    return client


def posted(client: FlaskClient, pdf: bytes, query: str = "") -> tuple[int, bytes, str]:
    answer = client.post(f"/api/v1/exams/A1/report-sheet{query}", data=pdf, content_type="application/pdf")
    reason = "" if answer.status_code == 200 else json.loads(answer.data)["detail"] or ""
    return answer.status_code, answer.data, reason


def drawn(pdf: bytes, folder: Path, page: int = 1) -> Image.Image:
    (folder / "x.pdf").write_bytes(pdf)
    command = ["pdftoppm", "-r", "150", "-gray", "-png", "-singlefile", "-f", str(page), "-l", str(page), "x.pdf", "x"]
    subprocess.run(command, cwd=folder, check=True)
    return Image.open(folder / "x.png").convert("L")


def scanned(picture: Image.Image, folder: Path) -> str:
    picture.save(folder / "scan.png")
    found = subprocess.run(
        ["zbarimg", "-q", "--raw", str(folder / "scan.png")], capture_output=True, text=True, check=False
    )
    return found.stdout.strip()


def stamp(pdf: bytes, wanted: Wanted | None = None) -> bytes:
    return stamped(pdf, MODULES, qr.MILLIMETRES, qr.QUIET_ZONE, wanted or Wanted())


@programs
def test_the_stamp_of_the_exam_scans_at_150_dpi(house: Services, client: FlaskClient, tmp_path: Path) -> None:
    status, pdf, _ = posted(client, sheet())
    assert status == 200
    assert scanned(drawn(pdf, tmp_path), tmp_path) == house.paper.paper.qr_url("A1", "test")


@programs
@pytest.mark.parametrize(
    "pdf", [sheet(), made(), rotated(90), rotated(180), rotated(270), shifted()], ids=lambda _: "pdf"
)
def test_a_free_place_is_found_and_nothing_of_the_page_is_covered(pdf: bytes, tmp_path: Path) -> None:
    assert drawn(pdf, tmp_path).size == drawn(stamp(pdf), tmp_path).size
    upright = changed(pdf, lambda writer: writer.pages[0].transfer_rotation_to_content())
    before, after = drawn(upright, tmp_path), drawn(stamp(pdf), tmp_path)
    place = ImageChops.difference(before, after).getbbox()
    assert place is not None
    zone = 4 * qr.MILLIMETRES / len(MODULES) * 150 / 25.4
    around = (place[0] - zone, place[1] - zone, place[2] + zone, place[3] + zone)
    assert before.crop(tuple(round(each) for each in around)).getextrema() == (255, 255)  # it was white all around
    assert (place[2] - place[0]) / 150 * 25.4 >= 20
    assert scanned(after, tmp_path) == URL


@programs
def test_a_given_place_on_a_given_page_is_kept(tmp_path: Path) -> None:
    pdf = sheet(pages=3)
    after = stamp(pdf, Wanted(page=2, left_mm=100, top_mm=200))
    place = ImageChops.difference(drawn(pdf, tmp_path, 2), drawn(after, tmp_path, 2)).getbbox()
    assert place is not None
    quiet = 4 * qr.MILLIMETRES / len(MODULES)
    assert (place[0] / 150 * 25.4, place[1] / 150 * 25.4) == pytest.approx((100 + quiet, 200 + quiet), abs=0.5)
    for other in (1, 3):
        assert ImageChops.difference(drawn(pdf, tmp_path, other), drawn(after, tmp_path, other)).getbbox() is None


@programs
def test_what_the_page_left_open_moves_nothing(tmp_path: Path) -> None:
    """A page that saves its state three times and scales all that follows."""
    pdf = with_contents(b"q q q 0.1 0 0 0.1 400 400 cm 0.5 g 0 0 50 50 re f")
    after = drawn(stamp(pdf), tmp_path)
    assert scanned(after, tmp_path) == URL


@pytest.mark.parametrize(
    ("pdf", "reason"),
    [
        (b"", "is no PDF"),
        (b"\x89PNG", "is no PDF"),
        (b"%PDF-1.4\nnothing", "cannot be read"),
        (encrypted(), "is encrypted"),
        (signed(), "is signed"),
        (full(), "has no free place"),
        (made(pages=51), "has more than 50 pages"),
    ],
    ids=["empty", "picture", "broken", "encrypted", "signed", "full", "long"],
)
def test_what_cannot_be_stamped_is_refused_with_its_reason(client: FlaskClient, pdf: bytes, reason: str) -> None:
    status, _, said = posted(client, pdf)
    assert status == 400
    assert reason in said


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?x_mm=10&y_mm=10", 200),
        ("?page=2", 400),
        ("?page=0", 400),
        ("?page=x", 400),
        ("?x_mm=10", 400),
        ("?x_mm=-1&y_mm=1", 400),
        ("?x_mm=200&y_mm=10", 400),
        ("?x_mm=10&y_mm=280", 400),
        ("?x_mm=1e1&y_mm=1", 400),
    ],
)
def test_a_place_outside_of_the_page_or_of_the_numbers_is_refused(client: FlaskClient, query: str, status: int) -> None:
    assert posted(client, sheet(), query)[0] == status


def test_a_refused_or_unknown_exam_reads_no_file(client: FlaskClient) -> None:
    answer = client.post("/api/v1/exams/none/report-sheet", data=sheet(), content_type="application/pdf")
    assert answer.status_code == 404
    too_large = client.post("/api/v1/exams/A1/report-sheet", data=bytes(MOST_BYTES + 1), content_type="application/pdf")
    assert too_large.status_code == 413


def with_contents(data: bytes, more: bytes = b"") -> bytes:
    """A PDF of one page with these operators, compressed once."""
    packed = zlib.compress(data, 9)
    stream = b"<</Length %d/Filter/FlateDecode%s>>stream\n%s\nendstream" % (len(packed), more, packed)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
        stream,
    ]
    out, starts = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, each in enumerate(objects, 1):
        starts.append(out.tell())
        out.write(b"%d 0 obj%s\nendobj\n" % (number, each))
    table = out.tell()
    out.write(b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % start for start in starts))
    out.write(b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % table)
    return out.getvalue()


def test_a_file_that_expands_without_end_is_refused_and_the_server_goes_on(client: FlaskClient) -> None:
    for data in (bytes(200 << 20), b"q " * (1 << 20), b"0 0 1 1 re f " * 120_000):
        status, _, said = posted(client, with_contents(data))
        assert (status, bool(said)) == (400, True)
    assert posted(client, sheet())[0] == 200


def test_a_page_that_restores_a_state_it_never_saved_is_odd() -> None:
    with pytest.raises(ValueError, match="never saved"):
        stamp(with_contents(b"Q Q"))


def test_mutated_files_are_stamped_or_refused_and_nothing_else() -> None:
    """In this process: each ends as it documents, or in an error that the child turns into a reason."""
    random, whole, ends = Random(11), sheet(), {"stamped": 0, "refused": 0}
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(random.randrange(1, 12)):
            data[random.randrange(len(data))] = random.randrange(256)
        try:
            PdfReader(io.BytesIO(stamp(bytes(data)))).pages[0].get_contents()
            ends["stamped"] += 1
        except (Unstampable, ValueError):
            ends["refused"] += 1
        except Exception:  # what pypdf raises of its own
            ends["refused"] += 1
    assert min(ends.values()) > 5, ends


def test_only_a_few_are_stamped_at_once(house: Services) -> None:
    stamping = house.paper.paper.stamping
    for _ in range(MOST_AT_ONCE):
        assert stamping._places.acquire(blocking=False)
    with pytest.raises(Busy):
        stamping.stamp(sheet(), URL, Wanted())
    for _ in range(MOST_AT_ONCE):
        stamping._places.release()
    assert stamping.stamp(sheet(), URL, Wanted()).startswith(b"%PDF")


def test_the_zone_around_the_symbol_is_four_modules_wide() -> None:
    side = qr.MILLIMETRES * (1 + 2 * qr.QUIET_ZONE / len(MODULES))
    after = PdfReader(io.BytesIO(stamp(made()))).pages[0].get_contents()
    assert after is not None
    white = next(operands for operands, name in after.operations if name == b"re")
    assert [float(each) for each in white[2:]] == pytest.approx([side * POINTS] * 2, abs=0.01)

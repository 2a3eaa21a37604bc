"""What kind of exam it is, in words that patients know, wherever they read of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.factories.access import application, issued, opened
from tests.factories.house import services


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"modality": "MR", "body_part": "头颅"}, "头颅 磁共振"),
        ({"modality": "DX", "body_part": ""}, "X 光"),
        ({"modality": "ZZ", "body_part": "手"}, "手 ZZ"),
    ],
)
def test_page_list_and_viewer_name_the_exam_in_plain_words(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    house = services(tmp_path)
    exam = issued(house, **changes)
    client = opened(application(house), exam)
    assert f"<h1>{words}</h1>" in client.get(f"/exams/{exam.exam_id}").text
    assert f">{words}</span>" in client.get("/exams").text
    assert f">{words}</h1>" in client.get(f"/exams/{exam.exam_id}/viewer").text


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is missing")
def test_the_report_sheet_names_the_kind_of_exam_in_plain_words(tmp_path: Path) -> None:
    house = services(tmp_path)
    issued(house, modality="MG")
    (tmp_path / "sheet.pdf").write_bytes(house.paper.paper.sheet("A1", "test"))
    command = ["pdftotext", "-layout", "sheet.pdf", "-"]
    text = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "检查类型：乳腺 X 光" in text


@pytest.mark.parametrize(("name", "masked"), [("李娜", "李*"), ("欧阳娜娜", "欧**娜"), ("Christopher Smith", "C***h")])
def test_a_name_is_masked_and_stays_short(tmp_path: Path, name: str, masked: str) -> None:
    house = services(tmp_path)
    exam = issued(house, patient_name=name)
    page = opened(application(house), exam).get(f"/exams/{exam.exam_id}").text
    assert f"<dd>{masked}</dd>" in page
    assert name not in page

"""The report on the exam's page: the doctor's own words, what they mean, former versions; the same words on paper."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader

from app.bootstrap import Services
from tests.factories.access import Issued, application, issued, opened
from tests.factories.house import services
from tests.factories.sharing import doctor, guest, patient, share
from tests.factories.telling import report

FINDINGS = "胸廓对称。\n\n肺：右肺上叶见磨玻璃结节，约 6×5 mm，<边缘> & 清。\n  双侧胸腔未见积液。\n1. 冠状动脉钙化。"
IMPRESSION = "1. 右肺上叶磨玻璃结节，建议 3 个月后复查。\n2. 冠状动脉钙化。"
TAGS = re.compile(r"<[^>]+>")


@pytest.fixture
def exam(house: Services) -> Issued:
    return issued(house, modality="CT", body_part="胸部")


def text_of(markup: str) -> str:
    return html.unescape(TAGS.sub("", markup))


def page_of(client: FlaskClient, exam: Issued) -> str:
    return client.get(f"/exams/{exam.exam_id}").text


def written_on(page: str) -> list[str]:
    """What stands where the doctor's words stand, without marks."""
    return [text_of(found) for found in re.findall(r'<div class="prose">(.*?)</div>', page, re.DOTALL)]


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_without_the_explanations_the_page_has_the_doctors_words_and_no_others(
    house: Services, app: Flask, exam: Issued
) -> None:
    report(house, findings=FINDINGS, impression=IMPRESSION)
    page = page_of(opened(app, exam), exam)
    assert written_on(page) == [IMPRESSION, FINDINGS]
    assert page.count('class="term-link"') == page.count("<summary>") == 4
    assert re.findall(r"<summary>(.*?)</summary>", page) == ["磨玻璃结节", "复查", "冠状动脉钙化", "积液"]


def test_page_and_paper_say_the_same_of_the_report(house: Services, app: Flask, exam: Issued) -> None:
    report(house, findings=FINDINGS, impression=IMPRESSION)
    report(house, status="amended", findings=FINDINGS, impression=IMPRESSION + "\n3. 脂肪肝。")
    client = opened(app, exam)
    card = page_of(client, exam).partition('class="card report"')[2].partition("</section>")[0]
    pdf = client.get(f"/exams/{exam.exam_id}/report.pdf").data
    pages = PdfReader(io.BytesIO(pdf)).pages
    paper = squeezed("".join(page.extract_text() for page in pages).replace("\0", ""))  # of two-byte codes
    body = paper[paper.index("影像所见") :]
    said = [
        *written_on(card),
        *[text_of(found) for found in re.findall(r"<h3>(.*?)</h3>", card)],
        *[text_of(found) for found in re.findall(r"<d[td]>(.*?)</d[td]>", card)],
        text_of(re.findall(r'<span class="chip[^>]*>(.*?)</span>', card)[0]),
    ]
    assert len(said) == 11
    for words in sorted(map(squeezed, said), key=len, reverse=True):
        assert words in body
        body = body.replace(words, "", 1)
    left = body.replace("：", "").partition("影像仅供参考")
    assert left[0] == ""  # nothing of the report is on paper alone


def test_an_amended_report_says_so_and_names_what_it_replaces(house: Services, app: Flask, exam: Issued) -> None:
    client = opened(app, exam)
    report(house, status="preliminary", impression="初步意见")
    assert "初步意见" not in page_of(client, exam)
    report(house)
    assert "修订过" not in page_of(client, exam)
    report(house, status="amended", impression="新的意见")
    page = page_of(client, exam)
    assert "医生修订过这份报告" in page
    assert "（第 3 版）" in page
    assert re.findall(r"第 (\d) 版（[^）]*）已被替代", page) == ["2"]  # a preliminary one was never shown


def test_a_family_sees_explanations_and_a_doctor_does_not(tmp_path: Path) -> None:
    house = services(tmp_path)
    app = application(house)
    owner, exam_id = patient(app, house)
    report(house, impression=IMPRESSION)
    family, pc = guest(app, share(owner, exam_id)), doctor(app, owner, exam_id)
    for (client, address), expected in ((family, True), (pc, False)):
        page = client.get(address).text
        assert written_on(page)[0] == IMPRESSION
        assert ("报告里的词" in page, 'class="term-link"' in page, "想问医生的问题" in page) == (expected,) * 3


def test_without_a_report_nothing_is_explained_or_asked(app: Flask, exam: Issued) -> None:
    page = page_of(opened(app, exam), exam)
    assert "报告还没有出" in page
    assert "想问医生的问题" not in page

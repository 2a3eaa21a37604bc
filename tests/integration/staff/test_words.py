"""What the console says when something cannot be done, and what it asks before it does what hurts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from app.bootstrap import Services
from app.errors import Conflict, DatabaseUnavailable, StoreUnavailable, TooManyAttempts
from tests.factories.access import application, issued, opened
from tests.factories.house import services
from tests.factories.staff import Console, console

FOR_PATIENTS = ("报告单上的二维码", "短信取片码", 'href="/"')


def is_for_staff(page: str) -> bool:
    return 'href="/staff/"' in page and not any(words in page for words in FOR_PATIENTS)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/staff/nowhere", 404), ("/staff/exams/xyz", 404), ("/staff/audit", 403), ("/staff/people", 403)],
)
def test_an_error_leads_staff_back_to_the_console(app: Flask, house: Services, path: str, status: int) -> None:
    answer = console(app, house).get(path)
    assert answer.status_code == status
    assert is_for_staff(answer.text)


@pytest.mark.parametrize(
    ("error", "status"),
    [(DatabaseUnavailable(), 503), (StoreUnavailable(), 503), (Conflict("x"), 409), (TooManyAttempts(60), 429)],
)
def test_an_outage_is_told_to_staff_in_their_words(
    app: Flask, house: Services, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    desk = console(app, house)

    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(type(house.desk.waiting), "studies", fails)
    answer = desk.get("/staff/unmatched")
    assert answer.status_code == status
    assert is_for_staff(answer.text)


def test_outside_of_the_hospital_the_console_is_an_address_nobody_knows(tmp_path: Path) -> None:
    client = application(services(tmp_path, staff_addresses="10.0.0.0/8")).test_client()
    answer = client.get("/staff/login")
    assert answer.status_code == 404
    assert "/staff/" not in answer.text


def test_what_cannot_be_undone_is_asked_once_more(app: Flask, house: Services) -> None:
    page = console(app, house, "security_admin").get("/staff/people").text
    forms = re.findall(r'<details class="staff-confirm">(.*?)</details>', page, re.DOTALL)
    assert [re.findall(r'action="([^"]+)"', form) for form in forms] == [
        ["/staff/people/security-admin/reset"],
        ["/staff/people/security-admin/disable"],
    ]
    assert page.count("/reset") == page.count("/disable") == 1
    assert all("确认" in form for form in forms)


def test_a_patients_download_of_the_report_reads_as_one(app: Flask, house: Services) -> None:
    exam = issued(house)
    assert opened(app, exam).get(f"/exams/{exam.exam_id}/report.pdf").status_code == 200
    page: str = Console.get(console(app, house), f"/staff/exams/{exam.exam_id}").text
    assert "下载了报告" in page
    assert "打印了二维码" not in page

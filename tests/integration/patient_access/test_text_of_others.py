"""What others wrote (RIS, modality, visitor) is text on a patient's page: it runs nowhere and breaks no header."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.bootstrap import Services
from tests.factories.access import issued, let_in
from tests.factories.telling import exam_of, mark_prepared, register, report, sweep
from tests.places import ROOT

MARKUP = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}"


@pytest.fixture
def client(house: Services, app: Flask) -> FlaskClient:
    """Let in to an exam whose texts are markup: report, doctors, department, body part."""
    exam_id = register(house, department=MARKUP[:60], body_part=MARKUP[:60])
    mark_prepared(house)
    words = {"findings": MARKUP, "impression": MARKUP, "reporting_doctor": MARKUP[:30], "reviewing_doctor": MARKUP[:30]}
    report(house, **words)
    sweep(house)
    return let_in(app, house, exam_id)


def runs(page: str) -> bool:
    """Whether the markup is in a page as markup, or was computed by the template."""
    return "<img src=x" in page or "<script>alert" in page or "49" in page.partition("{{7*7}}")[0][-40:]


@pytest.mark.parametrize("address", ["/exams", "/exams/{}", "/exams/{}/viewer"])
def test_markup_in_an_exam_is_text(house: Services, client: FlaskClient, address: str) -> None:
    answer = client.get(address.format(exam_of(house).id.hex))
    assert answer.status_code == 200
    assert not runs(answer.text)
    assert "&lt;img src=x" in answer.text


def test_the_viewer_writes_what_it_reads_as_text() -> None:
    """Descriptions of series come from modalities, in JSON; no module makes markup or code of a string."""
    modules = sorted((ROOT / "viewer_static").rglob("*.js"))
    assert modules
    for path in modules:
        for way in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "srcdoc",
        ):
            assert way not in path.read_text(), (path.name, way)


def test_no_page_lets_a_script_of_the_page_itself_run(house: Services, client: FlaskClient) -> None:
    for address in ("/", "/s", "/q/" + "A" * 26, "/exams", f"/exams/{exam_of(house).id.hex}"):
        policy = client.get(address).headers["Content-Security-Policy"]
        rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
        assert rules["default-src"] in ("'none'", "'self'")
        assert "unsafe" not in policy
        assert "*" not in policy


def test_of_styles_in_a_page_only_the_viewers_own_is_let_in(house: Services, client: FlaskClient) -> None:
    answer = client.get(f"/exams/{exam_of(house).id.hex}/viewer")
    [style] = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    rules = dict(rule.strip().partition(" ")[::2] for rule in answer.headers["Content-Security-Policy"].split(";"))
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert rules["style-src"] == f"'self' 'sha256-{digest}'"
    assert len(style) > 1000


@pytest.mark.parametrize("text", [MARKUP, "13900000001" + MARKUP, "a\r\nSet-Cookie: cf-patient=x"])
def test_what_a_visitor_typed_comes_back_as_text(house: Services, app: Flask, text: str) -> None:
    exam = issued(house, "B1", patient_id="P9", patient_name="王五")
    typed = {"phone": text, "pickup_code": text, "factor": text}
    for address in ("/s", f"/q/{exam.qr}", f"/s/{exam.pickup}"):
        for _ in range(6):  # the paused page carries phone and pick-up code on
            answer = app.test_client().post(address, data=typed)
            assert not runs(answer.text)
            assert not [cookie for cookie in answer.headers.getlist("Set-Cookie") if "cf-patient=x" in cookie]


@pytest.mark.parametrize("code", ["<script>alert(2)</script>", "%22%3E%3Cimg src=x onerror=alert(1)%3E", "{{7*7}}"])
def test_a_code_in_the_address_is_on_no_page(app: Flask, code: str) -> None:
    for door in ("/q/", "/s/", "/exams/", "/nowhere/"):
        answer = app.test_client().get(door + code)
        assert not runs(answer.text)
        assert "{{7*7}}" not in answer.text

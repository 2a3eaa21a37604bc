"""A real browser: our own forms work under our headers, and a page of another origin cannot post to us."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask, request
from playwright.sync_api import Browser, Page
from werkzeug.serving import WSGIRequestHandler, make_server

from app.bootstrap import Services
from app.models import AccessAttempts, Job, PatientSession
from deploy.testbed.phone import phone_page
from tests.factories.access import Issued, application, issued
from tests.factories.browser import in_browser
from tests.factories.house import services

pytestmark = in_browser


class Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        pass


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application on an ephemeral loopback port until the block ends; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path)


@pytest.fixture
def exam(house: Services) -> Issued:
    return issued(house)


@pytest.fixture
def ours(house: Services) -> Iterator[str]:
    with served(application(house)) as address:
        yield address


def counts(house: Services) -> list[int]:
    with house.db.read() as session:
        return [session.query(kind).count() for kind in (AccessAttempts, Job, PatientSession)]


def open_exam(page: Page, ours: str, exam: Issued) -> None:
    page.goto(f"{ours}/q/{exam.qr}")
    page.get_by_label("身份证号后四位").fill(exam.factor)
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.get_by_role("button", name="打开检查").click()
    page.wait_for_url(f"{ours}/exams/{exam.exam_id}")
    assert sent.value.all_headers()["origin"] == ours


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
def test_our_own_forms_open_and_leave(browser: Browser, ours: str, exam: Issued, script: bool) -> None:
    with phone_page(browser, java_script_enabled=script) as page:
        open_exam(page, ours, exam)
        page.locator('form[action$="/leave"] button').click()
        page.wait_for_url(f"{ours}/exams/{exam.exam_id}/leave")
        page.goto(f"{ours}/exams/{exam.exam_id}")
        assert "没有找到" in page.locator("main").inner_text()


def test_our_pages_tell_other_sites_nothing(browser: Browser, ours: str, exam: Issued) -> None:
    heard: list[str | None] = []
    other = Flask(__name__)
    other.add_url_rule("/", "heard", lambda: heard.append(request.headers.get("Referer")) or "ok")
    with served(other) as elsewhere, phone_page(browser) as page:
        page.goto(f"{ours}/q/{exam.qr}")
        page.evaluate("address => { location.href = address; }", elsewhere)
        page.wait_for_url(f"{elsewhere}/")
    assert heard == [None]


@pytest.mark.parametrize("hides", [False, True], ids=["as-itself", "as-null"])
def test_a_page_of_another_origin_cannot_post(
    browser: Browser, house: Services, ours: str, exam: Issued, hides: bool
) -> None:
    """It posts the right factor of an exam of its own choice, to replace the visitor's session by one it knows."""
    own, other = issued(house, "A2", patient_id="P2"), Flask(__name__)
    forms = "".join(
        f'<form method="post" action="{ours}{address}"><input name="{name}" value="{value}"></form>'
        for address, name, value in (
            (f"/q/{exam.qr}", "factor", exam.factor),
            (f"/q/{exam.qr}", "action", "send_code"),
            (f"/exams/{own.exam_id}/leave", "x", "y"),
        )
    )
    policy = {"Referrer-Policy": "no-referrer"} if hides else {}
    other.add_url_rule("/", "trap", lambda: (forms, policy))
    with served(other) as elsewhere, phone_page(browser) as page:
        open_exam(page, ours, own)
        cookies, before = page.context.cookies(), counts(house)
        for number in range(3):
            page.goto(elsewhere)
            with page.expect_response(lambda response: response.request.method == "POST") as answered:
                page.evaluate(f"document.forms[{number}].submit()")
            assert answered.value.status == 403
            assert answered.value.request.all_headers()["origin"] == ("null" if hides else elsewhere)
            page.wait_for_url(f"{ours}/**")
            assert "不能打开" in page.locator("main").inner_text()
        assert page.context.cookies() == cookies
        assert counts(house) == before
        page.goto(f"{ours}/exams/{own.exam_id}")
        assert "没有找到" not in page.locator("main").inner_text()

"""The desk's journey in a real browser: log in, find, resend; the patient's phone buzzes again and the code opens.

The pages are looked at by axe, as the patients' are, and on a phone too.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from app.clock import SystemClock
from app.security import totp
from deploy.testbed.phone import CHROMIUM, PHONE, phone_page
from tests.factories.demo_server import Demo, demo

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is missing"),
]
DESKTOP: dict[str, Any] = {
    "viewport": {"width": 1366, "height": 768},
    "has_touch": False,
    "device_scale_factor": 1,
    "reduced_motion": "reduce",  # half way through a change of colour contrast is nobody's promise
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("desk")) as server:
        yield server


def log_in(page: Page, running: Demo, role: str = "desk") -> None:
    """With the role's account of demo.json; waits for a one-time password nobody used yet."""
    account = next(item for item in running.about["staff"] if item["role"] == role)
    for _ in range(3):
        page.goto(f"{running.base}/staff/login")
        page.fill("[name=username]", account["username"])
        page.fill("[name=password]", account["password"])
        page.fill("[name=totp]", totp.code_at(account["totp_secret"], SystemClock().now()))
        page.click("main button[type=submit]")
        if "/staff/login" not in page.url:
            return
        time.sleep(31)  # another test used this step's code
    raise AssertionError("the login did not open")


def faults(page: Page) -> list[str]:
    """What axe holds against a page, and what is too small to be hit."""
    return small_targets(page) + [
        f"{item['id']}: {node['target']} {node['failureSummary']}"
        for item in Axe().run(page).response["violations"]
        for node in item["nodes"]
    ]


def small_targets(page: Page) -> list[str]:
    """What is pressed and is less than 44 px wide or high (WCAG 2.5.5)."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('a, button, input, select, summary, textarea')]
            .filter((target) => target.checkVisibility())
            .map((target) => [target, target.getBoundingClientRect()])
            .filter(([, box]) => box.width > 1 && box.height > 1 && (box.width < 43.5 || box.height < 43.5))
            .map(([target, box]) => `${target.outerHTML.slice(0, 90)}: ${box.width} x ${box.height} px`)"""
    )
    return found


def faults_on_a_phone(page: Page) -> list[str]:
    """What axe holds against the page 360 px wide, and what stands out of the screen there."""
    usual = page.viewport_size or DESKTOP["viewport"]
    page.set_viewport_size(PHONE)
    wide = page.evaluate("document.documentElement.scrollWidth")
    found = faults(page) + ([f"{wide} px wide"] if wide > PHONE["width"] else [])
    page.set_viewport_size(usual)
    return found


def messages_on_phone(browser: Browser, running: Demo, phone: str) -> list[str]:
    with phone_page(browser) as page:
        page.goto(f"{running.base}/demo/phone?phone={phone}")
        return page.locator(".sms").all_inner_texts()


def test_staff_resend_brings_a_new_message(browser: Browser, running: Demo) -> None:
    exam = running.about["exams"][0]
    phone = exam["patient"]["phone"]
    before = messages_on_phone(browser, running, phone)
    with phone_page(browser, **DESKTOP) as page:
        log_in(page, running)
        assert faults(page) == []
        page.fill("[name=q]", exam["accession_number"])
        page.press("[name=q]", "Enter")
        page.get_by_role("link", name=exam["patient"]["name"]).hover()
        assert faults(page) == []
        page.get_by_role("link", name=exam["patient"]["name"]).click()
        page.wait_for_url(re.compile("/staff/exams/[0-9a-f]{32}$"))
        assert faults(page) == []
        assert faults_on_a_phone(page) == []
        page.fill("#reason-resend", "患者没有收到")
        page.get_by_role("button", name="重发").click()
        page.get_by_text("已重新发送").wait_for()
    for _ in range(60):
        fresh = len(messages_on_phone(browser, running, phone)) - len(before)
        if fresh:
            break
        time.sleep(1)
    assert fresh == 1


def test_the_desk_works_on_a_phone(browser: Browser, running: Demo) -> None:
    exam = running.about["exams"][0]
    with phone_page(browser, **DESKTOP) as page:
        log_in(page, running)
        page.set_viewport_size(PHONE)
        for path in ("unmatched", "messages", "password", f"exams?q={exam['accession_number']}"):
            page.goto(f"{running.base}/staff/{path}")
            assert faults_on_a_phone(page) == [], path
        page.get_by_role("link", name=exam["patient"]["name"]).click()
        actions, events = (page.locator(place).bounding_box() for place in (".staff-actions", "#events"))
        assert actions
        assert events
        assert actions["y"] + actions["height"] < events["y"]
        assert page.get_by_role("link", name="待核对").bounding_box()["height"] < 60  # type: ignore[index]


@pytest.mark.parametrize(
    ("role", "path"),
    [("security_admin", "/staff/people"), ("audit_admin", "/staff/audit"), ("system_admin", "/staff/system")],
)
def test_the_administrators_pages_are_without_faults(browser: Browser, running: Demo, role: str, path: str) -> None:
    with phone_page(browser, **DESKTOP) as page:
        log_in(page, running, role)
        assert page.url == running.base + path
        assert faults(page) == []
        assert faults_on_a_phone(page) == []

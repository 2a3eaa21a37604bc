"""A daughter adds her mother and looks at her exam; a neighbour helps with a code; both end while a page is open."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import WSGIRequestHandler, make_server

from app import create_app
from app.bootstrap import Services
from deploy.testbed.phone import phone_page
from tests.factories.browser import in_browser
from tests.factories.family import MOTHER, family_digits, registered
from tests.factories.house import services
from tests.factories.phone_door import digits_on
from tests.factories.staff import account, code
from tests.factories.telling import register, report

pytestmark = in_browser
SHOTS = os.environ.get("CLOUDFILM_TEST_SHOTS", "")
"""A folder for pictures of the pages, for whoever wants to look at them."""
DESK = {"viewport": {"width": 1366, "height": 768}, "has_touch": False, "device_scale_factor": 1}


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing: a test reads its own output."""


@contextmanager
def serving(house: Services) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_app(house.settings, house), threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


@pytest.fixture
def house(tmp_path: Path) -> Services:
    built = services(tmp_path, consent="asked")
    register(built)
    registered(built, "A2", MOTHER)
    report(built, "A2")
    return built


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def come_in(page: Page, base: str, house: Services, phone: str, factor: str) -> None:
    """By the phone door, and through the page that asks for consent."""
    page.goto(f"{base}/p")
    page.get_by_label("手机号").fill(phone)
    page.get_by_role("button", name="获取短信验证码").click()
    page.get_by_label("短信验证码").fill(digits_on(house, phone)[-1])
    page.get_by_label("身份证号后四位").fill(factor)
    page.get_by_role("button", name="查看检查").click()
    assert page.url == f"{base}/consent"
    page.get_by_role("button", name="同意，查看检查").click()
    page.wait_for_url(re.compile(r"/exams"))


def test_a_daughter_adds_her_mother_and_looks_until_the_mother_ends_it(browser: Browser, house: Services) -> None:
    with serving(house) as base, phone_page(browser) as daughter, phone_page(browser) as mother:
        come_in(mother, base, house, MOTHER["phone"], "0043")
        come_in(daughter, base, house, "13900000001", "0027")
        daughter.goto(f"{base}/family")
        shot(daughter, "family-empty")
        daughter.get_by_label("亲友姓名").fill(MOTHER["name"])
        daughter.get_by_label("亲友的证件号码").fill(MOTHER["id_number"])
        daughter.get_by_role("button", name="给亲友发验证码").click()
        assert daughter.get_by_role("status").get_by_text("验证码已发到亲友登记的手机号").is_visible()
        shot(daughter, "family-code")
        daughter.get_by_label("短信验证码").fill("000000")
        daughter.get_by_role("button", name="添加", exact=True).click()
        assert daughter.get_by_role("alert").get_by_text("没有添加").is_visible()
        daughter.get_by_label("短信验证码").fill(family_digits(house)[-1])
        daughter.get_by_role("button", name="添加", exact=True).click()
        assert daughter.get_by_text("赵*芝", exact=True).is_visible()
        shot(daughter, "family-added")
        daughter.goto(f"{base}/exams")
        shot(daughter, "exams-with-family")
        assert daughter.get_by_role("heading", name="亲友的检查").is_visible()
        daughter.locator(".exam-link").last.click()
        assert daughter.get_by_text("这是亲友的检查").is_visible()
        assert daughter.get_by_text("分享链接").count() == 0
        shot(daughter, "relatives-exam")
        mother.goto(f"{base}/family")
        shot(mother, "family-of-member")
        mother.get_by_role("button", name="停止对方查看").click()
        assert mother.get_by_text("没有别人可以看").is_visible()
        assert daughter.reload().status == 404  # type: ignore[union-attr]
        mother.goto(f"{base}/exams")
        mother.locator(".exam-link").first.click()
        mother.get_by_role("link", name="谁看过我的片子").click()
        assert mother.get_by_text("亲友（李*）").first.is_visible()
        shot(mother, "looks")
        mother.goto(f"{base}/my-information")
        mother.get_by_label("请写明哪一项").fill("手机号换了，请更正")
        mother.get_by_role("button", name="提交申请").click()
        assert mother.get_by_text("等待医院答复").is_visible()
        shot(mother, "my-information")


def test_a_neighbour_helps_with_a_code_until_the_patient_ends_it(browser: Browser, house: Services) -> None:
    with serving(house) as base, phone_page(browser) as mother, phone_page(browser) as neighbour:
        come_in(mother, base, house, MOTHER["phone"], "0043")
        mother.locator(".exam-link").first.click()
        mother.get_by_role("link", name="请人帮忙看").click()
        shot(mother, "helper-before")
        mother.get_by_role("button", name="获取协助码").click()
        typed = mother.locator("output[name=helper_code]").inner_text()
        shot(mother, "helper-code")
        neighbour.goto(f"{base}/h")
        neighbour.get_by_label("协助码").fill(typed.lower())
        shot(neighbour, "helpers-door")
        neighbour.get_by_role("button", name="打开检查").click()
        neighbour.wait_for_url(re.compile(r"/exams/[0-9a-f]{32}$"))
        assert neighbour.get_by_text("请您帮忙看这次检查").is_visible()
        shot(neighbour, "helpers-exam")
        mother.goto(mother.url)
        mother.get_by_role("button", name="停止", exact=True).click()
        assert neighbour.reload().status == 404  # type: ignore[union-attr]
        mother.get_by_role("link", name="返回检查").click()
        mother.get_by_role("link", name="谁看过我的片子").click()
        assert mother.get_by_text("帮忙的人").first.is_visible()


def test_the_desks_pages_of_families_and_requests_fit_their_screen(browser: Browser, house: Services) -> None:
    who = account(house)
    with serving(house) as base, phone_page(browser) as mother, phone_page(browser, **DESK) as desk:
        come_in(mother, base, house, MOTHER["phone"], "0043")
        mother.goto(f"{base}/my-information")
        mother.get_by_label("请写明哪一项").fill("请更正手机号")
        mother.get_by_role("button", name="提交申请").click()
        desk.goto(f"{base}/staff/login")
        desk.locator("[name=username]").fill(who.username)
        desk.locator("[name=password]").fill(who.password)
        desk.locator("[name=totp]").fill(code(house, who))
        desk.locator("form button[type=submit]").last.click()
        for path in ("family", "data-requests"):
            desk.goto(f"{base}/staff/{path}")
            shot(desk, f"desk-{path}")
            assert desk.evaluate("document.documentElement.scrollWidth") <= 1366
        desk.get_by_label("答复").fill("已在登记处更正")
        desk.get_by_role("button", name="已办理").click()
        desk.get_by_text("已答复").first.wait_for()

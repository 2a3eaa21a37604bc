"""The way of a WeChat user in the demo: follows, is bound, sees the list, looks; and WeChat's odd ways on it."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from deploy.testbed.phone import phone_page
from tests.factories.browser import in_browser
from tests.factories.demo_server import Demo, agreed, demo

pytestmark = in_browser
FOLLOWER = "oFollower0000000000000000001"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("demo")) as server:
        yield server


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with phone_page(browser) as one:
        yield one


def control(running: Demo, path: str, body: dict[str, Any] | None = None) -> Any:
    """Play the world around: one order to the simulated WeChat."""
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(f"{running.about['wechat']['base_url']}/control/{path}", data, timeout=30) as answer:
        return json.loads(answer.read())


def enter(page: Page, running: Demo, openid: str = FOLLOWER) -> None:
    """From the menu's link through WeChat's page."""
    page.goto(f"{running.base}/wx/enter?to=exams")
    page.locator(f'a[href*="as={openid}"]').click()


def digits_on_phone(page: Page, running: Demo, phone: str) -> str:
    with page.context.new_page() as reading:
        for _ in range(60):
            reading.goto(f"{running.base}/demo/phone?phone={phone}")
            for text in reversed(reading.locator(".sms__bubble").all_inner_texts()):
                if found := re.search(r"验证码是(\d{6})", text):
                    return found.group(1)
            reading.wait_for_timeout(500)
    raise AssertionError("no digits came within half a minute")


def bind(page: Page, running: Demo, person: dict[str, str]) -> None:
    page.get_by_label("检查人姓名").fill(person["name"])
    page.get_by_label("证件号码").fill(person["id_number"])
    page.get_by_role("button", name="获取短信验证码").click()
    assert page.get_by_text("验证码已发到登记的手机号").count() == 1
    page.get_by_label("短信验证码").fill(digits_on_phone(page, running, person["phone"]))
    page.get_by_role("button", name="绑定并查看检查").click()


def test_a_follower_is_bound_sees_the_list_and_looks(running: Demo, page: Page) -> None:
    person = running.about["exams"][0]["patient"]
    said = control(running, "say", {"openid": FOLLOWER, "event": "subscribe"})
    assert said["status"] == 200
    link = re.search(r'href="([^"]+)"', said["reply"])
    assert link
    assert link[1] == f"{running.base}/wx/enter?to=exams"
    enter(page, running)
    assert page.url == f"{running.base}/bind"
    bind(page, running, person)
    agreed(page, running.base)
    assert page.url == f"{running.base}/exams"
    page.locator(".exam-link").first.click()
    page.wait_for_url(re.compile(r"/exams/[0-9a-f]{32}$"))
    enter(page, running)
    assert page.url == f"{running.base}/exams"


def test_a_callback_that_comes_twice_leads_to_one_list(running: Demo, page: Page) -> None:
    control(running, "faults", {"path": "/connect/oauth2/authorize", "kind": "double", "times": 2})
    enter(page, running, running.about["wechat"]["users"][0]["openid"])
    page.wait_for_url(f"{running.base}/bind")
    assert page.get_by_text("第一次打开").count() == 1
    control(running, "faults", {"path": "/connect/oauth2/authorize", "kind": "double", "times": 0})


def test_a_snapshot_user_is_told_how_to_open_the_real_page(running: Demo, page: Page) -> None:
    (snapshot,) = [user for user in running.about["wechat"]["users"] if user.get("snapshot")]
    enter(page, running, snapshot["openid"])
    assert page.get_by_text("使用完整服务").first.is_visible()


def test_a_code_typed_in_the_chat_is_answered_and_a_forged_or_old_push_is_not(running: Demo) -> None:
    said = control(running, "say", {"openid": FOLLOWER, "text": "K7M2PX"})
    assert (said["status"], "/wx/enter?to=pickup" in said["reply"]) == (200, True)
    assert control(running, "say", {"openid": FOLLOWER, "text": "报告", "age_s": 900})["status"] == 403
    assert control(running, "say", {"openid": FOLLOWER, "text": "报告", "mode": "plain"})["status"] == 403


def test_the_follower_of_the_demo_got_a_notice_that_was_delivered(running: Demo) -> None:
    told = [
        control(running, f"notices?openid={user['openid']}")
        for user in running.about["wechat"]["users"]
        if not user.get("snapshot")
    ]
    notices = [notice for each in told for notice in each]
    assert notices
    assert {notice["state"] for notice in notices} <= {"accepted", "delivered"}

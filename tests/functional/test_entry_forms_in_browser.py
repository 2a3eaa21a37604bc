"""The forms that open an exam, with script: a refusal empties no field, and its words fit what was typed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, Route

from deploy.testbed.phone import phone_page
from tests.factories.browser import in_browser
from tests.factories.patient_page_values import EXAM_ID
from tests.factories.patient_pages import PAUSED, RIGHT, STEPPED_UP, Pages
from tests.places import ROOT

pytestmark = in_browser
PICKUP = {"phone": "13900000001", "pickup_code": "7K3M9P", "factor": "123X"}
WORDS = {"phone": "手机号应是 11 位", "pickup_code": "取片码应是 6 位", "factor": "身份证号后四位应填满 4 位"}


def fill(page: Page, **typed: str) -> None:
    for name, text in typed.items():
        page.locator(f"#{name}").fill(text)
    page.get_by_role("button", name="打开检查").click()


def values(page: Page) -> dict[str, str]:
    return {name: page.locator(f"#{name}").input_value() for name in PICKUP}


def test_a_refused_form_keeps_every_field_and_is_counted_once(browser: Browser, pages: Pages) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + "/s")
        fill(page, **PICKUP)
        told = page.locator("[data-refusal]")
        told.get_by_role("heading", name="没有打开").wait_for()
        assert (page.url, values(page)) == (pages.base_url + "/s", PICKUP)
        assert told.get_attribute("aria-live") == "assertive"
        assert "对不上" in told.inner_text()
        assert not any(words in told.inner_text() for words in WORDS.values())
        assert pages.posted == [PICKUP]
        page.locator("#factor").fill(RIGHT)
        page.locator("#factor").press("Enter")
        page.wait_for_url(f"**/exams/{EXAM_ID}")
        assert pages.posted == [PICKUP, PICKUP | {"factor": RIGHT}]


@pytest.mark.parametrize(("name", "text"), [("phone", "139 0000"), ("pickup_code", "7K-M9 "), ("factor", "１２　X")])
def test_the_words_of_a_refusal_fit_what_was_typed(browser: Browser, pages: Pages, name: str, text: str) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + "/s")
        page.locator("main form").evaluate("form => { form.noValidate = true; }")  # an old browser checks no pattern
        fill(page, **(PICKUP | {name: text}))
        told = page.locator("[data-refusal]")
        told.get_by_role("heading").wait_for()
        assert {key for key, words in WORDS.items() if words in told.inner_text()} == {name}
        assert "对不上" not in told.inner_text()
        assert values(page) == PICKUP | {name: text}


def test_what_people_put_between_digits_is_no_fault(browser: Browser, pages: Pages) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + "/s")
        fill(page, **(PICKUP | {"phone": "+86 139-0000-0001"}))
        page.locator("[data-refusal]").get_by_text("对不上").wait_for()


def test_a_wrong_one_time_code_keeps_its_form(browser: Browser, pages: Pages) -> None:
    with phone_page(browser) as page:
        page.route("**/step-up/sent", lambda route: route.fulfill(status=403) if posts(route) else route.continue_())
        page.goto(pages.base_url + "/step-up/sent")
        fill(page, one_time_code="123456")
        page.locator("[data-refusal]").get_by_text("验证码不对").wait_for()
        assert page.locator("#one_time_code").input_value() == "123456"


def posts(route: Route) -> bool:
    return route.request.method == "POST"


def test_success_leads_to_the_exam_of_the_code(browser: Browser, pages: Pages) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + "/q/CODE")
        fill(page, factor=RIGHT)
        page.wait_for_url(f"{pages.base_url}/exams/{EXAM_ID}")
        assert pages.posted == [{"factor": RIGHT}]


@pytest.mark.parametrize(("factor", "words"), [(PAUSED, "约 15 分钟"), (STEPPED_UP, "需要短信验证码才能打开")])
def test_a_pause_is_told_on_the_form_and_is_no_second_try(
    browser: Browser, pages: Pages, factor: str, words: str
) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + "/s")
        fill(page, **(PICKUP | {"factor": factor}))
        page.locator("[data-refusal]").get_by_text(words).wait_for()
        assert values(page) == PICKUP | {"factor": factor}
        assert pages.posted == [PICKUP | {"factor": factor}]
        with page.expect_navigation():
            page.get_by_role("button", name="获取短信验证码").click()
        assert pages.posted[1:] == [PICKUP | {"factor": factor, "action": "send_code"}]


def test_a_failure_of_the_server_keeps_the_form(browser: Browser, pages: Pages) -> None:
    with phone_page(browser) as page:
        page.route("**/q/CODE", lambda route: route.fulfill(status=503) if posts(route) else route.continue_())
        page.goto(pages.base_url + "/q/CODE")
        fill(page, factor="123X")
        page.get_by_role("heading", name="没有连上").wait_for()
        assert page.locator("#factor").input_value() == "123X"


def test_without_a_network_the_form_stays_and_says_so(browser: Browser, pages: Pages) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + "/q/CODE")
        page.context.set_offline(True)
        fill(page, factor="123X")
        page.get_by_role("heading", name="没有连上").wait_for()
        page.context.set_offline(False)
        page.get_by_role("button", name="打开检查").click()
        page.get_by_role("heading", name="没有打开").wait_for()
        assert pages.posted == [{"factor": "123X"}]


def test_a_request_for_a_one_time_code_leads_to_its_page(browser: Browser, pages: Pages) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + "/q/CODE")
        with page.expect_navigation():
            page.get_by_role("button", name="获取短信验证码").click()
        assert pages.posted == [{"factor": "", "action": "send_code"}]


def test_the_scripts_of_a_form_weigh_less_than_ten_kilobytes() -> None:
    """On slow 4G (200 kB/s), before compression."""
    names = ("reading", "id_keys", "entry_form")
    assert sum((ROOT / "viewer_static" / "pages" / f"{name}.js").stat().st_size for name in names) < 10_000

"""Elder mode (长辈版) by the national numbers (移动互联网应用适老化通用设计规范), and large letters, on every page."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from app.web.patient.reading_choice import ZOOMS, Reading
from deploy.testbed.phone import phone_page
from tests.factories.browser import in_browser, reads_as
from tests.factories.measured import CUT_OR_OVERLAPPING, LETTERS, TARGETS
from tests.factories.patient_pages import PAGES, Pages

pytestmark = in_browser
OF_PATIENTS = {name: path for name, path in PAGES.items() if name != "demo"}
DOORS = (
    "landing",
    "verify",
    "verify-with-phone",
    "pickup",
    "phone-door-first",
    "bind-first",
    "wechat-help",
    "passcode",
    "helpers-door",
)
each_page = pytest.mark.parametrize("name", OF_PATIENTS)


def opened(page: Page, pages: Pages, name: str, stored: str) -> Page:
    reads_as(page, pages.base_url, stored)
    page.goto(pages.base_url + OF_PATIENTS[name])
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    if name == "viewer":
        page.wait_for_selector('#picture[data-quality="full"]')
    return page


@each_page
def test_in_elder_mode_letters_lines_contrast_and_targets_keep_to_the_national_numbers(
    browser: Browser, pages: Pages, name: str
) -> None:
    with phone_page(browser) as page:
        opened(page, pages, name, "elder-100")
        letters: list[dict[str, Any]] = page.evaluate(LETTERS)
        assert len(letters) > 5
        assert [one for one in letters if one["size"] < 18] == []
        assert [one for one in letters if one["contrast"] < 7] == []
        if name != "viewer":  # its keys have one line each
            assert [one for one in letters if one["line"] < 1.3] == []
        targets: list[dict[str, Any]] = page.evaluate(TARGETS)
        assert targets
        assert [one for one in targets if one["height"] < 60 or one["width"] < 60] == []


@each_page
def test_no_size_of_letters_cuts_a_text_or_lays_one_over_another(browser: Browser, pages: Pages, name: str) -> None:
    with phone_page(browser) as page:
        opened(page, pages, name, "plain-100")
        faults = {}
        for elder in (False, True):
            for zoom in ZOOMS:
                classes = Reading(elder, zoom).classes
                page.evaluate("(classes) => { document.documentElement.className = classes; }", classes)
                beyond = page.evaluate("document.documentElement.scrollWidth") - 360
                if found := page.evaluate(CUT_OR_OVERLAPPING) + ([f"{beyond} px too wide"] if beyond > 0 else []):
                    faults[classes] = found
        assert faults == {}


def test_a_larger_step_has_letters_of_30_pixels_and_more(browser: Browser, pages: Pages) -> None:
    with phone_page(browser) as page:
        opened(page, pages, "exam", "elder-150")
        assert min(one["size"] for one in page.evaluate(LETTERS)) >= 30


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize("with_script", [True, False], ids=["script", "no-script"])
def test_every_door_offers_elder_mode_once_and_it_stays(
    browser: Browser, pages: Pages, name: str, with_script: bool
) -> None:
    with phone_page(browser, java_script_enabled=with_script) as page:
        page.goto(pages.base_url + OF_PATIENTS[name])
        assert page.get_by_text("字太小？").is_visible()
        with page.expect_response("**/reading"):
            page.get_by_role("button", name="长辈版").click()
        page.goto(pages.base_url + OF_PATIENTS["exam"])
        assert page.get_by_role("button", name="长辈版").get_attribute("aria-pressed") == "true"
        page.goto(pages.base_url + OF_PATIENTS["viewer"])
        assert page.locator("html.elder").count() == 1
        page.goto(pages.base_url + OF_PATIENTS[name])
        assert page.get_by_text("字太小？").count() == 0


def test_a_key_of_size_changes_the_page_where_it_stands_and_keeps_what_was_typed(
    browser: Browser, pages: Pages
) -> None:
    size = "parseFloat(getComputedStyle(document.body).fontSize)"
    with phone_page(browser) as page:
        page.goto(pages.base_url + OF_PATIENTS["pickup"])
        page.get_by_label("手机号").fill("13900000001")
        usual = page.evaluate(size)
        for factor, told in ((1.5, "大"), (2, "特大"), (1, "标准")):
            page.get_by_role("button", name="字号").click()
            assert page.evaluate(size) == usual * factor
            assert page.get_by_role("button", name=f"字号：{told}").is_visible()
        assert page.get_by_label("手机号").input_value() == "13900000001"


def test_elder_mode_switched_on_in_the_viewer_fits_the_picture_again(browser: Browser, pages: Pages) -> None:
    with phone_page(browser) as page:
        opened(page, pages, "viewer", "plain-100")
        page.get_by_role("button", name="长辈版").click()
        box, stage = page.locator("#picture").bounding_box(), page.locator("#stage").bounding_box()
        assert box
        assert box == stage
        assert stage
        assert stage["height"] >= 0.4 * 740
        page.wait_for_selector('#picture[data-tools="ready"]')
        viewer = page.locator("#viewer")
        assert viewer.evaluate("one => one.scrollHeight - one.clientHeight") == 0, "nothing is below the screen"


def test_when_the_keyboard_closes_the_page_moves_back_in_its_place(browser: Browser, pages: Pages) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + OF_PATIENTS["pickup"])
        page.get_by_label("手机号").focus()
        page.evaluate("window.scrollTo(0, 60)")
        page.get_by_label("手机号").blur()
        page.wait_for_timeout(300)
        assert page.evaluate("window.pageYOffset") == 59

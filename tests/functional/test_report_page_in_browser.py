"""The report's page in a browser: terms, a report that is corrected while the page is open, the printed sheet."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from deploy.testbed.phone import phone_page
from tests.factories.browser import in_browser
from tests.factories.patient_page_values import AMENDED, REPORT
from tests.factories.patient_pages import PAGES, Pages

pytestmark = in_browser
NEWS = "[data-report-news]"


def come_back(page: Page) -> None:
    """The reader looks at the page again: it asks at once and not only every half minute."""
    with page.expect_response("**/report-version"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_report_that_is_corrected_while_its_page_is_open_is_told_there(browser: Browser, pages: Pages) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + PAGES["exam"])
        come_back(page)
        assert page.locator(NEWS).is_hidden()
        before = page.locator(".impression").bounding_box()
        pages.report = AMENDED
        come_back(page)
        page.locator(NEWS).wait_for(state="visible")
        assert page.get_by_text("您正在看的这一版已被替代").is_visible()
        assert page.locator(".impression").inner_text() != ""
        assert before
        page.get_by_role("link", name="看最新的报告").click()
        page.get_by_text("医生修订过这份报告").wait_for()
        come_back(page)
        assert page.locator(NEWS).is_hidden()


def test_a_report_that_comes_after_the_pictures_is_told_on_the_open_page(browser: Browser, pages: Pages) -> None:
    pages.report = None
    with phone_page(browser) as page:
        page.goto(pages.base_url + PAGES["exam"])
        assert page.get_by_text("报告还没有出").is_visible()
        pages.report = REPORT
        come_back(page)
        page.get_by_role("heading", name="报告出来了").wait_for()


def test_a_page_whose_session_is_over_says_nothing_new(browser: Browser, pages: Pages) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + PAGES["exam"])
        pages.session_over = True
        come_back(page)
        assert page.locator(NEWS).is_hidden()


@pytest.mark.parametrize("with_script", [True, False], ids=["script", "no-script"])
def test_a_tap_on_a_term_leads_to_what_it_means(browser: Browser, pages: Pages, with_script: bool) -> None:
    with phone_page(browser, java_script_enabled=with_script) as page:
        page.goto(pages.base_url + PAGES["exam"])
        term = page.locator(".term-link").first
        number, word = (term.get_attribute("href") or "").removeprefix("#term-"), term.inner_text()
        term.click()
        meaning = page.locator(f"#term-{number}")
        if not with_script:
            meaning.locator("summary").click()
        assert meaning.locator("summary").inner_text().endswith(word)
        assert meaning.get_by_text("参考：").is_visible()


def test_what_the_browser_shows_of_the_report_is_what_was_written(browser: Browser, pages: Pages) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + PAGES["exam"])
        shown = page.evaluate("() => [...document.querySelectorAll('.prose')].map((one) => one.textContent)")
        assert shown == [REPORT["impression"], REPORT["findings"]]


def test_the_printed_sheet_is_the_report_alone(browser: Browser, pages: Pages) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + PAGES["exam-amended"])
        page.emulate_media(media="print")
        for seen in ("#report-heading", ".impression", ".banner--amended", ".questions", ".exam-head"):
            assert page.locator(seen).is_visible(), seen
        for left_out in (".reading", ".downloads", ".pictures", ".terms", "form", ".button"):
            assert not any(one.is_visible() for one in page.locator(left_out).all()), left_out
        size = page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
        assert size == 16  # 12 pt

"""What WeChat's view needs: the card of a forwarded page, and a picture that a long press saves."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from deploy.testbed.phone import phone_page
from tests.factories.browser import in_browser
from tests.factories.patient_page_values import EXAM, REPORT
from tests.factories.patient_pages import PAGES, Pages

pytestmark = in_browser


@pytest.mark.parametrize("name", [name for name in PAGES if name != "demo"])
def test_the_card_of_a_forwarded_page_tells_nothing_of_anybody(browser: Browser, pages: Pages, name: str) -> None:
    with phone_page(browser, java_script_enabled=False) as page:
        page.goto(pages.base_url + PAGES[name])
        pictures = page.evaluate("() => [...document.images].map((one) => one.getAttribute('src'))")
        assert pictures[0].endswith("/card.png")
        told = page.title() + " ".join(
            page.evaluate("() => [...document.querySelectorAll('meta[name=description]')].map((one) => one.content)")
        )
        private = [EXAM["patient_name_masked"], EXAM["body_part"], EXAM["modality_name"], EXAM["performed_on"]]
        assert [one for one in (*private, REPORT["impression"]) if one in told] == []


def test_a_picture_to_save_is_an_ordinary_image_with_an_address_of_its_own(browser: Browser, pages: Pages) -> None:
    with phone_page(browser, java_script_enabled=False) as page:
        page.goto(pages.base_url + PAGES["exam"])
        links = page.get_by_role("link", name="保存图片")
        assert links.nth(1).get_attribute("href") == PAGES["picture"]
        links.nth(1).click()
        image = page.locator("img.picture")
        assert (image.get_attribute("src") or "").endswith("/series/1/frames/30.jpg")
        box = image.bounding_box()
        assert box
        assert box["width"] > 300
        assert page.get_by_text("长按图片").is_visible()

"""The patients' plain pages: without script, with large letters, under axe, on a small phone."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from app.web.patient.reading_choice import Reading
from deploy.testbed.phone import phone_page
from tests.factories.browser import in_browser
from tests.factories.measured import LETTERS
from tests.factories.patient_page_values import BIND, PHONE_DOOR, REPORT
from tests.factories.patient_pages import PAGES, Pages

pytestmark = in_browser
CHOICES = (Reading(), Reading(zoom=150), Reading(elder=True), Reading(elder=True, zoom=200))


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_a_page_fits_a_small_phone_and_has_no_fault_under_axe(browser: Browser, pages: Pages, path: str) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + path)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        if path.endswith("/viewer"):
            page.wait_for_selector('#picture[data-quality="full"]')
        for choice in CHOICES:
            page.evaluate("(classes) => { document.documentElement.className = classes; }", choice.classes)
            for width in (360, 320):
                page.set_viewport_size({"width": width, "height": 740})
                assert page.evaluate("document.documentElement.scrollWidth") <= width, choice.classes
            found = Axe().run(page)
            assert found.violations_count == 0, choice.classes + found.generate_report()


def test_report_and_key_images_show_without_script(browser: Browser, pages: Pages) -> None:
    with phone_page(browser, java_script_enabled=False) as page:
        page.goto(pages.base_url + PAGES["exam"])
        for words in str(REPORT["impression"]).splitlines() + str(REPORT["findings"]).splitlines():
            assert page.get_by_text(words).is_visible()
        images = page.locator(".pictures img")
        assert images.count() == 3
        widths = [image.bounding_box() for image in images.all()]
        assert all(box and box["width"] > 100 for box in widths)
        assert len([request for request in pages.requests if "/frames/" in request]) == 3
        page.goto(pages.base_url + PAGES["viewer"])
        assert page.locator("#first-frame").is_visible()
        assert page.locator(".stage__noscript").is_visible()


def test_the_report_stands_before_the_pictures(browser: Browser, pages: Pages) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + PAGES["exam"])
        report, images = (page.locator(name).bounding_box() for name in ("#report-heading", "#images-heading"))
        assert report
        assert images
        assert report["y"] < images["y"]


def test_forms_post_what_the_contract_names_and_a_failure_leads_back_without_script(
    browser: Browser, pages: Pages
) -> None:
    with phone_page(browser, java_script_enabled=False) as page:
        page.goto(pages.base_url + "/q/CODE")
        page.get_by_label("身份证号后四位").fill("123X")
        page.get_by_role("button", name="打开检查").click()
        page.get_by_role("link", name="返回重新填写").click()
        assert page.url == pages.base_url + "/q/CODE"
        page.get_by_role("button", name="获取短信验证码").click()
        page.goto(pages.base_url + "/q/CODE")
        page.get_by_role("button", name="已有验证码").click()
        page.goto(pages.base_url + "/s")
        page.get_by_label("手机号").fill("13900000001")
        page.get_by_label("取片码").fill("7K3M9P")
        page.get_by_role("button", name="获取短信验证码").click()
        assert pages.posted == [
            {"factor": "123X"},
            {"factor": "", "action": "send_code"},
            {"factor": "", "action": "have_code"},
            {"phone": "13900000001", "pickup_code": "7K3M9P", "factor": "", "action": "send_code"},
        ]


PAGES_FOR_PATIENTS = {name: path for name, path in PAGES.items() if name != "demo"}


@pytest.mark.parametrize("path", PAGES_FOR_PATIENTS.values(), ids=PAGES_FOR_PATIENTS.keys())
def test_no_letter_is_smaller_than_16_pixels_or_paler_than_7_to_1(browser: Browser, pages: Pages, path: str) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + path)
        if path.endswith("/viewer"):
            page.wait_for_selector('#picture[data-quality="full"]')
        letters = page.evaluate(LETTERS)
        assert len(letters) > 5
        assert [one for one in letters if one["size"] < 16 or one["contrast"] < 7] == []


def test_the_id_field_opens_digits_with_a_key_for_x_and_letters_for_other_documents(
    browser: Browser, pages: Pages
) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + "/q/CODE")
        field = page.get_by_label("身份证号后四位")
        assert field.get_attribute("inputmode") == "numeric"
        field.fill("002")
        page.get_by_role("button", name="填入字母 X").click()
        page.get_by_role("button", name="填入字母 X").click()
        assert field.input_value() == "002X"  # no fifth letter
        assert field.evaluate("node => node.checkValidity() && document.activeElement === node")
        page.get_by_role("button", name="用字母键盘填写").click()
        assert (field.get_attribute("inputmode"), field.input_value()) == ("text", "002X")
    with phone_page(browser, java_script_enabled=False) as page:
        page.goto(pages.base_url + "/q/CODE")
        assert page.get_by_label("身份证号后四位").get_attribute("inputmode") == "text"
        assert page.get_by_role("button", name="填入字母 X").count() == 0


def test_pictures_on_the_exams_page_are_sharp_on_three_device_pixels(browser: Browser, pages: Pages) -> None:
    with phone_page(browser, device_scale_factor=3) as page:
        page.goto(pages.base_url + PAGES["exam"])
        page.locator(".pictures").scroll_into_view_if_needed()
        page.wait_for_load_state("networkidle")
        sizes = page.evaluate(
            "() => [...document.querySelectorAll('.pictures img')].map((one) => [one.naturalWidth, one.clientWidth])"
        )
        assert len(sizes) == 3
        assert all(own >= 3 * shown for own, shown in sizes), sizes


def test_entry_pages_are_the_same_bytes_for_every_code(browser: Browser, pages: Pages) -> None:
    with phone_page(browser) as page:
        bodies = {page.request.get(pages.base_url + f"/q/{code}").body() for code in ("A", "B" * 26)}
        assert len(bodies) == 1
        assert b"csrf" not in bodies.pop()


SIZES_OF_LETTERS = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement;
        if (walker.currentNode.textContent.trim() && parent.getClientRects().length)
            found.push([parseFloat(getComputedStyle(parent).fontSize), walker.currentNode.textContent.trim()]);
    }
    return found;
}"""


@pytest.mark.parametrize(
    "path", ["/exams", *(f"/phone-door/{name}" for name in PHONE_DOOR), *(f"/bind/{name}" for name in BIND)]
)
def test_where_old_people_come_in_no_letter_is_smaller_than_18_pixels(
    browser: Browser, pages: Pages, path: str
) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + path)
        sizes = page.evaluate(SIZES_OF_LETTERS)
        assert len(sizes) > 10
        assert [told for size, told in sizes if size < 18] == []
        inputs = page.locator("main input:visible")
        assert all(
            float(box.evaluate("node => parseFloat(getComputedStyle(node).fontSize)")) >= 18 for box in inputs.all()
        )


def test_the_phone_door_offers_the_keyboard_of_what_is_to_be_typed(browser: Browser, pages: Pages) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + "/phone-door/first")
        assert page.get_by_label("手机号").get_attribute("inputmode") == "numeric"
        page.goto(pages.base_url + "/phone-door/sent")
        assert page.get_by_label("短信验证码").get_attribute("inputmode") == "numeric"
        assert page.get_by_label("短信验证码").get_attribute("autocomplete") == "one-time-code"
        factor = page.get_by_label("身份证号后四位")
        factor.fill("002X")  # the numeric keyboard of a phone has no X: a key beside the field has
        assert factor.get_attribute("inputmode") == "numeric"
        assert page.get_by_role("button", name="填入字母 X").is_visible()
        assert factor.evaluate("node => node.checkValidity()")


@pytest.mark.parametrize("name", PAGES)
def test_what_is_touched_is_at_least_48_pixels_high(browser: Browser, pages: Pages, name: str) -> None:
    with phone_page(browser) as page:
        page.goto(pages.base_url + PAGES[name])
        if name == "viewer":
            page.wait_for_selector('#picture[data-quality="full"]')
        targets = page.locator(
            "main a:visible:not(.prose a), main button:visible, main summary:visible, main label.choice:visible,"
            " main input:visible:not([type=checkbox])"
        )
        assert targets.count() > 0
        for target in targets.all():
            box = target.bounding_box()
            assert box
            assert box["height"] >= 48, target.evaluate("node => node.outerHTML")

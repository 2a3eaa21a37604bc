"""Layers, key images and the way a presentation state wants a frame to lie, in the viewer in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from deploy.testbed.phone import phone_page
from tests.factories.browser import VIEWER, in_browser, pixel, wait_for_slice, wait_until, with_tools
from tests.factories.patient_page_frames import CT_PLACE, LAYER, LAYER_COLOUR
from tests.factories.patient_page_values import EXAM_ID
from tests.factories.patient_pages import Pages

pytestmark = in_browser
BESIDE: dict[str, Any] = {
    "objects": [LAYER, LAYER | {"description": "没有图层的报告", "layer": None}],
    "key_images": [{"n": 1, "k": 12}, {"n": 3, "k": 2}],
    "displayed": [
        {"n": 1, "k": 20, "turns": 1, "mirrored": True, "area": None},
        {"n": 1, "k": 21, "turns": 0, "mirrored": False, "area": [0.25, 0.25, 0.75, 0.75]},
        {"n": 1, "k": 22, "turns": 0, "mirrored": False, "area": [0.25, 0.25, 0.75, 0.75]},
    ],
}


@pytest.fixture
def page(browser: Browser, pages: Pages) -> Iterator[Page]:
    pages.places = {1: CT_PLACE}
    pages.beside = BESIDE
    with phone_page(browser) as one:
        one.goto(pages.base_url + VIEWER)
        wait_for_slice(one, 30)
        with_tools(one)
        yield one


def over(page: Page, x: float, y: float) -> list[int]:
    """Colour and opacity of what lies over the picture, at a place of the stage (shares)."""
    found: list[int] = page.evaluate(
        """([x, y]) => {
            const canvas = document.querySelector('.stage__marks');
            const at = [Math.round(canvas.width * x), Math.round(canvas.height * y), 1, 1];
            return Array.from(canvas.getContext('2d').getImageData(...at).data);
        }""",
        [x, y],
    )
    return found


def press(page: Page, name: str) -> None:
    page.locator("#tray").get_by_role("button", name=name, exact=True).click()


def wait_layers(page: Page, count: int) -> None:
    wait_until(page, f"document.getElementById('picture').dataset.layers === '{count}'")


def test_a_layer_is_laid_over_its_frames_and_taken_off(page: Page, pages: Pages) -> None:
    assert page.locator("[data-layer]").all_inner_texts() == ["肺结节"]
    assert not [request for request in pages.requests if "/objects/" in request]
    press(page, "肺结节")
    wait_for_slice(page, 40)  # the nearest that has it
    wait_layers(page, 1)
    assert over(page, 0.4, 0.4) == [*LAYER_COLOUR, 255]
    assert over(page, 0.6, 0.4)[3] == 0
    assert over(page, 0.4, 0.6)[3] == 0
    assert page.inner_text(".stage__legend") == "结节"
    level = pixel(page, 0.4, 0.4)
    page.keyboard.press("ArrowDown")
    wait_for_slice(page, 41)
    wait_layers(page, 1)
    assert over(page, 0.4, 0.4)[3] == pytest.approx(90, abs=2)
    page.keyboard.press("ArrowUp")
    wait_layers(page, 1)
    press(page, "肺结节")
    wait_layers(page, 0)
    assert over(page, 0.4, 0.4)[3] == 0
    assert pixel(page, 0.4, 0.4) == level  # the picture itself stayed as it is
    assert page.locator(".stage__legend").is_hidden()


def test_a_layer_lies_as_the_picture_lies(page: Page) -> None:
    press(page, "肺结节")
    wait_layers(page, 1)
    press(page, "左右翻转")
    wait_until(page, "document.getElementById('picture').dataset.layers === '1'")
    page.wait_for_timeout(100)
    assert over(page, 0.6, 0.4) == [*LAYER_COLOUR, 255]
    assert over(page, 0.4, 0.4)[3] == 0
    press(page, "旋转")  # the upper edge goes to the right
    page.wait_for_timeout(100)
    assert over(page, 0.6, 0.55)[:3] == list(LAYER_COLOUR)
    assert over(page, 0.4, 0.45)[3] == 0


def test_where_a_layer_has_nothing_there_is_none_and_none_is_asked_for(page: Page, pages: Pages) -> None:
    press(page, "肺结节")
    wait_layers(page, 1)
    page.locator("#slider").fill("50")
    wait_for_slice(page, 50)
    wait_layers(page, 0)
    page.locator("#slider").fill("42")
    wait_layers(page, 1)
    asked = [request for request in pages.requests if "/objects/" in request]
    assert len(asked) == len(set(asked)) == 2
    page.locator("#series button").nth(2).click()
    page.wait_for_selector('#picture[data-series="3"]')
    assert page.locator("[data-layer]:visible").count() == 0


def test_a_layer_that_does_not_come_is_told_and_harms_no_picture(page: Page) -> None:
    page.route("**/objects/**", lambda route: route.fulfill(status=422, body=""))
    press(page, "肺结节")
    wait_until(page, "document.getElementById('note').textContent === '轮廓没有载入成功'")
    assert page.get_attribute("#picture", "data-slice") == "40"


def test_key_images_come_one_after_the_other_in_the_doctors_order(page: Page) -> None:
    button = page.locator("#key-images")
    assert button.inner_text() == "关键图像 2 幅"
    button.click()
    wait_for_slice(page, 12)
    assert button.inner_text() == "关键图像 1/2"
    button.click()
    page.wait_for_selector('#picture[data-series="3"][data-slice="2"]')
    assert button.inner_text() == "关键图像 2/2"
    button.click()
    page.wait_for_selector('#picture[data-series="1"][data-slice="12"]')


def test_a_frame_lies_as_its_state_wants_until_the_reader_lays_it_otherwise(page: Page) -> None:
    bar = 0.5 - 3 / 8 + 1 / 64, 0.5  # white at the left edge of the field
    assert pixel(page, *bar) > 200
    page.locator("#slider").fill("20")
    wait_for_slice(page, 20)  # mirrored the bar lies right, then turned to the right: below
    assert pixel(page, *bar) < 200
    stage = page.locator("#stage").bounding_box()
    assert stage
    below = 0.5 + (3 / 8 - 1 / 64) * stage["width"] / stage["height"]
    assert pixel(page, 0.5, below) > 200
    assert page.locator("#tray").get_by_role("button", name="左右翻转").get_attribute("aria-pressed") == "true"
    page.locator("#slider").fill("21")
    wait_for_slice(page, 21)
    assert float(page.get_attribute("#picture", "data-zoom") or 0) >= 2
    press(page, "旋转")
    page.keyboard.press("ArrowDown")
    wait_for_slice(page, 22)  # wanted alike: the reader's own turn stays
    assert float(page.get_attribute("#picture", "data-zoom") or 0) >= 2
    page.locator("#slider").fill("30")
    wait_for_slice(page, 30)
    assert pixel(page, *bar) > 200
    assert page.get_attribute("#picture", "data-zoom") == "1.00"


def test_the_picture_in_view_is_kept_as_an_ordinary_one_under_its_window(page: Page) -> None:
    keep = page.locator("#keep")
    assert keep.inner_text() == "保存图片"
    assert keep.get_attribute("href") == f"/exams/{EXAM_ID}/pictures/1/30"
    page.locator("#windows").get_by_role("button", name="肺窗", exact=True).click()
    page.keyboard.press("ArrowDown")
    wait_until(page, "document.querySelector('#keep').getAttribute('href').endsWith('/1/31?wc=-600&ww=1500')")


def test_layers_are_without_fault_under_axe(page: Page) -> None:
    press(page, "肺结节")
    wait_layers(page, 1)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()

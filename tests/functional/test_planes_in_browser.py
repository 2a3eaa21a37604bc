"""The three planes of a volume in a real browser: crossing, keys, slabs, windows, and what is said without a volume."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page

from tests.factories.browser import in_browser, wait_for_slice, wait_until, with_tools
from tests.factories.patient_page_frames import CUTS, NO_CUTS
from tests.factories.patient_page_values import EXAM_ID
from tests.factories.patient_pages import Pages

pytestmark = in_browser
SIZES = [(360, 780), (390, 844), (768, 1024), (1440, 900)]


def opened(browser: Browser, pages: Pages, width: int, height: int) -> Page:
    page = browser.new_page(viewport={"width": width, "height": height})
    open_planes(page, pages)
    return page


def open_planes(page: Page, pages: Pages) -> None:
    page.goto(f"{pages.base_url}/exams/{EXAM_ID}/viewer")
    wait_for_slice(page, 30)
    with_tools(page)
    page.click("#mpr-open")
    shows(page, axial=30, coronal=250, sagittal=200)


def shows(page: Page, **cuts: int) -> None:
    """Until these cuts are drawn."""
    for plane, k in cuts.items():
        wait_until(
            page, f"(document.querySelector('#mpr-{plane} canvas').dataset.cut || '').includes('{plane}/{k}.jpg')"
        )


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_finger_moves_the_crossing_and_the_other_planes_follow(
    browser: Browser, pages: Pages, width: int, height: int
) -> None:
    page = opened(browser, pages, width, height)
    box = page.locator("#mpr-axial canvas").bounding_box()
    assert box is not None
    scale = min(box["width"] / 400, box["height"] / 500)
    middle_x, middle_y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle_x, middle_y)
    page.mouse.down()
    page.mouse.move(middle_x + 100 * scale, middle_y - 125 * scale)
    page.mouse.up()
    wait_until(page, "document.querySelector('#mpr-sagittal figcaption').textContent.includes('/400')")
    found = [int(page.inner_text(f"#mpr-{plane} figcaption").split()[1].split("/")[0]) for plane in CUTS]
    assert found == [30, pytest.approx(125, abs=4), pytest.approx(300, abs=4)]
    shows(page, coronal=found[1], sagittal=found[2])
    for button in page.locator("#mpr button:visible").all():
        size = button.bounding_box()
        assert size is not None
        assert min(size["width"], size["height"]) >= 44, button.inner_text()
    for button in page.locator(".mpr__planes button:visible").all():
        size = button.bounding_box()
        assert size is not None
        assert size["x"] >= 0
        assert size["x"] + size["width"] <= width
    bar = page.locator("#mpr .mpr__bar").bounding_box()
    assert bar is not None
    assert bar["height"] <= 80  # one row, which scrolls
    page.close()


def test_wheel_keys_and_buttons_go_from_cut_to_cut_and_the_stack_stays(browser: Browser, pages: Pages) -> None:
    page = opened(browser, pages, 1440, 900)
    page.locator("#mpr-coronal canvas").hover()
    page.mouse.wheel(0, 100)
    shows(page, coronal=251)
    page.focus("#mpr-coronal canvas")
    page.keyboard.press("PageDown")
    shows(page, coronal=261)
    page.keyboard.press("End")
    shows(page, coronal=500)
    page.click("#mpr-sagittal button >> nth=0")
    shows(page, sagittal=199)
    page.keyboard.press("Escape")
    assert page.is_hidden("#mpr")
    assert page.inner_text("#counter").startswith("30 ")
    page.close()


def test_slabs_and_windows_are_asked_of_the_server(browser: Browser, pages: Pages) -> None:
    page = opened(browser, pages, 390, 844)
    assert page.locator("#mpr >> text=10 毫米").is_hidden()
    page.click("text=最大密度")
    wait_until(page, "document.querySelector('#mpr-axial canvas').dataset.cut.includes('slab=10&mode=mip')")
    page.click("#mpr-windows >> text=肺窗")
    wait_until(page, "document.querySelector('#mpr-axial canvas').dataset.cut.includes('wc=-600&ww=1500')")
    pressed = page.locator("#mpr [aria-pressed=true]").all_inner_texts()
    assert pressed == ["肺窗", "最大密度", "10 毫米", "十字线"]
    page.click("#mpr >> text=40 毫米")
    wait_until(page, "document.querySelector('#mpr-axial canvas').dataset.cut.includes('slab=40&mode=mip')")
    page.click("text=平均")
    wait_until(page, "document.querySelector('#mpr-axial canvas').dataset.cut.includes('slab=40&mode=avg')")


def test_the_cross_can_be_taken_away_and_the_planes_say_whose_they_are(browser: Browser, pages: Pages) -> None:
    page = opened(browser, pages, 390, 844)
    level = "document.querySelector('#mpr-axial canvas').getContext('2d').getImageData(0, 250, 1, 1).data[2]"
    crossed = page.evaluate(level)
    page.click("text=十字线")
    assert page.evaluate(level) != crossed
    assert "王*芳 2026-11-20" in page.inner_text(".mpr__facts")
    page.close()


def test_a_series_without_a_volume_says_why(browser: Browser, pages: Pages) -> None:
    page = opened(browser, pages, 390, 844)
    page.click("#mpr-close")
    page.click("#series button >> nth=2")
    page.wait_for_selector('#picture[data-series="3"]')
    page.click("#mpr-open")
    assert page.is_hidden("#mpr")
    assert page.inner_text("#note") == NO_CUTS
    page.click("#series button >> nth=1")
    assert page.is_hidden("#mpr-open")
    page.close()


def test_an_ended_session_covers_the_planes_too(browser: Browser, pages: Pages) -> None:
    page = opened(browser, pages, 390, 844)
    pages.session_over = True
    page.click("#mpr-axial button >> nth=1")
    wait_until(page, "document.getElementById('mpr').hidden && !document.getElementById('cover').hidden")
    page.close()

"""The stack viewer on a phone, judged by the pixels of its canvas."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from deploy.testbed.phone import phone_page
from tests.factories.browser import (
    JPEG_SLACK,
    at_rest,
    finger,
    in_browser,
    middle_of_stage,
    near,
    open_viewer,
    pixel,
    wait_for_slice,
    wait_until,
)
from tests.factories.patient_page_frames import CT_FRAMES, grey, tile_grey
from tests.factories.patient_page_values import EXAM_ID
from tests.factories.patient_pages import Pages

pytestmark = in_browser


@pytest.fixture
def page(browser: Browser, pages: Pages) -> Iterator[Page]:
    with phone_page(browser) as one:
        yield one


def test_a_finger_drawn_down_scrolls_the_stack_and_the_pixels_follow(page: Page, pages: Pages) -> None:
    open_viewer(page, pages)
    x, y = middle_of_stage(page)
    finger(page, (x, y - 60), (x, y + 30))
    here = int(page.inner_text("#counter").split("/")[0])
    assert here > 35
    wait_for_slice(page, here)
    assert pixel(page) == near(grey(here, 0, 2000))


@pytest.mark.parametrize(
    ("key", "expected"), [("ArrowDown", 31), ("ArrowUp", 29), ("PageDown", 40), ("End", CT_FRAMES)]
)
def test_keys_scroll_and_the_pixels_follow(page: Page, pages: Pages, key: str, expected: int) -> None:
    open_viewer(page, pages)
    page.keyboard.press(key)
    wait_for_slice(page, expected)
    assert pixel(page) == near(grey(expected, 0, 2000))
    page.wait_for_url(f"**/viewer#1/{expected}")


def test_the_wheel_the_slider_and_the_big_buttons_scroll(page: Page, pages: Pages) -> None:
    open_viewer(page, pages)
    page.mouse.move(180, 300)
    page.mouse.wheel(0, 100)
    wait_for_slice(page, 31)
    page.get_by_role("button", name="下一幅").click()
    wait_for_slice(page, 32)
    page.locator("#slider").fill("5")
    wait_for_slice(page, 5)
    assert pixel(page) == near(grey(5, 0, 2000))


def test_a_window_preset_redraws_the_frame_and_its_neighbours(page: Page, pages: Pages) -> None:
    open_viewer(page, pages)
    page.get_by_role("button", name="肺窗").click()
    page.wait_for_selector('#picture[data-picture="1/30/full/-600,1500"]')
    assert pixel(page) == near(grey(30, -600, 1500))
    assert grey(30, -600, 1500) - grey(30, 0, 2000) > 50
    asked = [request for request in pages.requests if "wc=-600&ww=1500" in request]
    assert any(request.endswith("/frames/30.jpg?wc=-600&ww=1500") for request in asked)
    page.keyboard.press("ArrowDown")
    page.wait_for_selector('#picture[data-picture="1/31/full/-600,1500"]')
    assert pixel(page) == near(grey(31, -600, 1500))


def test_double_tap_and_two_fingers_zoom_and_a_double_tap_resets(page: Page, pages: Pages) -> None:
    open_viewer(page, pages)
    corner = pixel(page, 0.02, 0.5)
    assert corner < 20
    page.locator("#stage").dblclick(position={"x": 180, "y": 150})
    assert float(page.get_attribute("#picture", "data-zoom") or 0) == 2.5
    assert pixel(page, 0.5, 0.05) > 50  # what was black margin is inside the picture now
    page.wait_for_timeout(400)
    page.locator("#stage").dblclick(position={"x": 180, "y": 150})
    assert page.get_attribute("#picture", "data-zoom") == "1.00"
    assert pixel(page, 0.02, 0.5) == near(corner)
    pinch(page, apart=2.0)
    assert float(page.get_attribute("#picture", "data-zoom") or 0) == pytest.approx(2.0, abs=0.1)


def pinch(page: Page, apart: float) -> None:
    """Two fingers on the middle of the stage move apart by that factor."""
    session = page.context.new_cdp_session(page)
    box = page.locator("#stage").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def fingers(gap: float) -> list[dict[str, float]]:
        return [{"x": x - gap / 2, "y": y, "id": 0}, {"x": x + gap / 2, "y": y, "id": 1}]

    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": fingers(80)})
    for step in range(1, 11):
        gap = 80 * (1 + (apart - 1) * step / 10)
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": fingers(gap)})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_zoomed_picture_is_panned_with_one_finger(page: Page, pages: Pages) -> None:
    open_viewer(page, pages)
    pinch(page, apart=2.0)
    before = pixel(page, 0.02, 0.5)
    finger(page, (100, 300), (300, 300))
    assert page.inner_text("#counter").startswith("30 ")
    assert abs(pixel(page, 0.02, 0.5) - before) > 50


def test_another_series_opens_from_its_thumbnail_and_a_film_plays(page: Page, pages: Pages) -> None:
    open_viewer(page, pages)
    page.get_by_role("button", name="心脏超声").click()
    page.wait_for_selector('#picture[data-series="2"][data-slice="1"]')
    assert pixel(page) == near(grey(1, 0, 2000, series=2))
    page.wait_for_selector('#picture[data-loaded="12"]')
    page.get_by_role("button", name="播放").click()
    page.wait_for_selector('#picture[data-series="2"][data-slice="9"]')
    page.get_by_role("button", name="暂停").click()
    stopped = page.get_attribute("#picture", "data-slice")
    page.wait_for_timeout(300)
    assert page.get_attribute("#picture", "data-slice") == stopped
    page.get_by_role("button", name="更亮").click()
    page.wait_for_selector(f'#picture[data-picture="2/{stopped}/full/-400,2000"]')
    assert pixel(page) == near(grey(int(stopped or 0), -400, 2000, series=2))


def test_a_series_without_a_window_is_made_brighter_and_darker_on_the_phone(page: Page, pages: Pages) -> None:
    open_viewer(page, pages)
    page.get_by_role("button", name="头部 T1").click()
    page.wait_for_selector('#picture[data-series="3"][data-slice="3"][data-quality="full"]')
    at_first = pixel(page)
    assert at_first == near(grey(3, 0, 2000, series=3))
    asked = len(pages.requests)
    page.get_by_role("button", name="更亮").click()
    wait_until(page, "document.querySelector('#windows [data-window=brighter]').getAttribute('aria-pressed') == 'true'")
    assert pixel(page) == pytest.approx(at_first * 1.6, abs=2 * JPEG_SLACK)
    assert pixel(page, 0.5, 0.02) < 10  # black stays black
    page.get_by_role("button", name="更暗").click()
    wait_until(page, "document.querySelector('#windows [data-window=darker]').getAttribute('aria-pressed') == 'true'")
    assert pixel(page) == pytest.approx(at_first / 1.6, abs=2 * JPEG_SLACK)
    page.get_by_role("button", name="下一幅").click()
    wait_for_slice(page, 4)
    assert pixel(page) == pytest.approx(grey(4, 0, 2000, series=3) / 1.6, abs=2 * JPEG_SLACK)
    page.get_by_role("button", name="还原").click()
    wait_until(page, "document.querySelector('#windows [data-window=standard]').getAttribute('aria-pressed') == 'true'")
    assert pixel(page) == near(grey(4, 0, 2000, series=3))
    assert not any("wc=" in request for request in pages.requests[asked:])


@pytest.mark.parametrize(("told", "at_least", "at_most"), [(None, 14, 28), (500.0, 2, 5), (33.3, 25, 70)])
def test_a_film_plays_at_the_frame_time_it_tells(
    page: Page, pages: Pages, told: float | None, at_least: int, at_most: int
) -> None:
    pages.frame_time_ms = told
    open_viewer(page, pages)
    page.get_by_role("button", name="心脏超声").click()
    page.wait_for_selector('#picture[data-loaded="12"]')
    page.evaluate(
        "() => { window.steps = 0; new MutationObserver(() => { window.steps += 1; }).observe("
        "document.getElementById('counter'), {childList: true, characterData: true, subtree: true}); }"
    )
    page.get_by_role("button", name="播放").click()
    page.wait_for_timeout(2000)
    page.get_by_role("button", name="暂停").click()
    assert at_least <= page.evaluate("window.steps") <= at_most


def test_a_key_image_leads_to_its_own_frame(page: Page, pages: Pages) -> None:
    page.goto(pages.base_url + f"/exams/{EXAM_ID}")
    page.locator(".pictures a[href*=viewer]").nth(2).click()
    wait_for_slice(page, 45)
    assert pixel(page) == near(grey(45, 0, 2000))


def test_a_frame_that_cannot_be_shown_says_so_and_the_next_one_is_shown(page: Page, pages: Pages) -> None:
    pages.cannot_show = {31}
    open_viewer(page, pages)
    page.keyboard.press("ArrowDown")
    page.get_by_text("这幅图像无法显示").wait_for()
    assert pixel(page) == 0  # black, not its neighbour
    page.keyboard.press("ArrowDown")
    wait_for_slice(page, 32)
    assert page.get_by_text("这幅图像无法显示").is_hidden()


def test_an_ended_session_is_told_and_leads_back(page: Page, pages: Pages) -> None:
    open_viewer(page, pages)
    at_rest(page)
    pages.session_over = True
    page.get_by_role("button", name="骨窗").click()
    page.get_by_text("查看时间已过").wait_for()
    assert pixel(page) == 0
    assert page.get_by_role("link", name="重新打开").get_attribute("href") == "/q/CODE"
    for key in ("ArrowDown", "Home", "End"):
        page.keyboard.press(key)
        page.wait_for_timeout(100)
        assert pixel(page) == 0  # nothing is drawn behind the cover


def test_one_picture_has_no_slider_and_its_zoom_shows_the_sensors_own_pixels(page: Page, pages: Pages) -> None:
    open_viewer(page, pages)
    assert page.locator("#slider").is_visible()
    page.wait_for_selector('#picture[data-tools="ready"]')
    page.get_by_role("button", name="胸片").click()
    page.wait_for_selector('#picture[data-series="4"][data-quality="full"]')
    assert not page.locator("#slider").is_visible()
    assert not page.get_by_role("button", name="下一幅").is_visible()
    assert not any("/tiles/" in request for request in pages.requests)
    for _ in range(2):
        page.locator("#stage").dblclick(position={"x": 180, "y": 150})
        page.wait_for_timeout(400)
    page.locator("#stage").dblclick(position={"x": 180, "y": 150})  # 2.5 times, back, 2.5 times
    wait_until(page, "(d => d.level === '0' && d.tiles.split('/')[0] === d.tiles.split('/')[1])(picture.dataset)")
    assert tile_levels(pages) == {0}
    level_0 = [tile_grey(0, 0, 0), tile_grey(0, 1, 0)]
    assert min(abs(pixel(page, 0.5, 0.4) - level) for level in level_0) <= JPEG_SLACK
    assert page.evaluate("Math.max(picture.width, picture.height)") <= 2048
    page.get_by_role("button", name="还原").click()
    wait_until(page, "picture.dataset.level === undefined")
    assert pixel(page) == near(grey(1, 0, 2000, series=4))


def tile_levels(pages: Pages) -> set[int]:
    asked = [request.split("/tiles/")[1] for request in pages.requests if "/tiles/" in request]
    assert len(asked) == len(set(asked))  # none twice
    return {int(one.split("/")[0]) for one in asked}


def test_turning_the_phone_keeps_the_frame_and_fits_it_again(page: Page, pages: Pages) -> None:
    open_viewer(page, pages)
    page.set_viewport_size({"width": 740, "height": 360})
    wait_until(page, "document.getElementById('picture').width > document.getElementById('picture').height")
    assert pixel(page) == near(grey(30, 0, 2000))
    assert page.locator("#slider").is_visible()


def test_touch_targets_are_large(page: Page, pages: Pages) -> None:
    open_viewer(page, pages)
    for target in page.locator("button:visible, a:visible, input:visible").all():
        box = target.bounding_box()
        assert box
        assert box["height"] >= 48, target.evaluate("node => node.outerHTML")

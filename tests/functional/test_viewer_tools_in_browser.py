"""The tools of the viewer in a real browser: measures, how a picture lies, mouse and keys, what stands on a picture."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from deploy.testbed.phone import phone_page
from tests.factories.browser import (
    finger,
    in_browser,
    middle_of_stage,
    mouse_drag,
    opened,
    pixel,
    press,
    reads_as,
    wait_for_slice,
    wait_until,
)
from tests.factories.measured import LETTERS
from tests.factories.patient_page_frames import CT_PLACE, grey, turn_grey
from tests.factories.patient_pages import Pages

pytestmark = in_browser
DETECTOR = CT_PLACE | {"sizes": [{"width": 360.0, "height": 360.0, "at": "detector"}], "unit": None}
SLACK_MM = 2.5
"""A picture of 360 mm is 360 CSS pixels wide on the phone; fingers go in whole ones."""


@pytest.fixture
def page(browser: Browser, pages: Pages) -> Iterator[Page]:
    pages.places = {1: CT_PLACE}
    with phone_page(browser) as one:
        yield one


def told(page: Page) -> str:
    return page.inner_text("#measured")


def number(text: str) -> float:
    found = re.search(r"-?[0-9]+(\.[0-9]+)?", text)
    assert found, text
    return float(found.group())


def wait_told(page: Page, words: str) -> str:
    wait_until(page, f"document.getElementById('measured').textContent.includes('{words}')")
    return told(page)


def test_tools_come_after_the_first_picture(page: Page, pages: Pages) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    opened(page, pages)
    first = next(at for at, url in enumerate(asked) if url.endswith("/frames/30.jpg"))
    assert not any("tools" in url for url in asked[:first])
    assert any(url.endswith("/viewer.tools.js") for url in asked[first:])


def test_a_length_is_that_of_the_phantom_whatever_the_zoom_and_the_pose(page: Page, pages: Pages) -> None:
    x, y = opened(page, pages)
    press(page, "长度")
    finger(page, (x - 80, y - 40), (x + 40, y + 50))  # 120 and 90 mm
    assert number(wait_told(page, "毫米")) == pytest.approx(150, abs=SLACK_MM)
    assert "测量结果非诊断用" in page.inner_text(".stage__caution")
    before = told(page)
    press(page, "旋转")
    press(page, "左右翻转")
    press(page, "放大")
    assert told(page) == before
    press(page, "清除测量")
    wait_until(page, "document.getElementById('measured').textContent === ''")
    assert page.locator(".stage__caution").is_hidden()
    finger(page, (x - 45, y), (x + 45, y))  # one and a half times larger now
    assert number(wait_told(page, "毫米")) == pytest.approx(60, abs=SLACK_MM)


def test_an_angle_has_two_legs(page: Page, pages: Pages) -> None:
    x, y = opened(page, pages)
    press(page, "角度")
    finger(page, (x + 100, y), (x, y))
    assert page.inner_text("#note") == "再从顶点拖出第二条边"
    finger(page, (x, y - 60), (x + 100, y - 100))
    assert number(wait_told(page, "°")) == pytest.approx(45, abs=1.5)


def test_a_region_tells_mean_and_spread_of_the_servers_values_and_its_area(page: Page, pages: Pages) -> None:
    x, y = opened(page, pages)
    press(page, "区域")
    finger(page, (x - 50, y - 30), (x + 50, y + 30))
    words = wait_told(page, "平均")
    assert "平均 -100 HU，标准差 5.3" in words
    area = number(words.split("面积")[1])
    assert area == pytest.approx(3.14159 / 4 * 100 * 60, rel=0.05)
    [asked] = [request for request in pages.requests if "region.json" in request]
    assert "/frames/30/region.json?shape=ellipse&left=0.36" in asked


def test_a_point_is_moved_and_measures_stay_with_their_frame(page: Page, pages: Pages) -> None:
    x, y = opened(page, pages)
    press(page, "长度")
    finger(page, (x - 50, y), (x + 50, y))
    wait_told(page, "100 毫米")
    finger(page, (x + 52, y + 3), (x + 100, y))
    assert number(wait_told(page, "毫米")) == pytest.approx(150, abs=SLACK_MM)
    page.keyboard.press("ArrowDown")
    wait_until(page, "document.getElementById('measured').textContent === ''")
    page.keyboard.press("ArrowUp")
    wait_told(page, "毫米")


def test_what_was_measured_at_the_detector_says_so(page: Page, pages: Pages) -> None:
    pages.places = {1: DETECTOR}
    x, y = opened(page, pages)
    press(page, "长度")
    finger(page, (x - 50, y), (x + 50, y))
    assert "（探测器平面）" in wait_told(page, "毫米")


@pytest.mark.parametrize("tool", ["长度", "角度", "区域"])
def test_nothing_is_measured_where_the_size_is_unknown(page: Page, pages: Pages, tool: str) -> None:
    pages.places = {}
    x, y = opened(page, pages)
    wait_until(page, "document.querySelector('.stage__window').textContent !== ''")
    press(page, tool)
    finger(page, (x - 50, y), (x + 50, y))
    assert page.inner_text("#note") == "这幅图像没有记录实际尺寸，不能测量"
    assert told(page) == ""
    assert page.get_attribute(".stage__marks", "data-scale") is None
    assert not any("region.json" in request for request in pages.requests)


def test_the_directions_of_the_patient_turn_with_the_picture(page: Page, pages: Pages) -> None:
    opened(page, pages)
    sides = [page.inner_text(f".stage__edge--{side}") for side in ("top", "right", "bottom", "left")]
    assert sides == ["前", "左", "后", "右"]
    page.keyboard.press("r")
    wait_until(page, "document.querySelector('.stage__edge--top').textContent === '右'")
    page.keyboard.press("f")
    wait_until(page, "document.querySelector('.stage__edge--right').textContent === '后'")
    page.click("#reset")
    wait_until(page, "document.querySelector('.stage__edge--top').textContent === '前'")
    assert page.get_attribute(".stage__marks", "data-scale") == "100"


def test_every_picture_says_whose_it_is_when_which_series_slice_and_window(page: Page, pages: Pages) -> None:
    opened(page, pages)
    facts = page.inner_text("#facts")
    assert "王*芳 2026-11-20" in facts
    assert "胸部平扫 2.0mm" in facts
    assert page.inner_text("#counter").startswith("30 /")
    assert page.inner_text(".stage__window") == "窗位 0 窗宽 2000"
    page.get_by_role("button", name="肺窗").click()
    wait_until(page, "document.querySelector('.stage__window').textContent === '窗位 -600 窗宽 1500'")


def test_a_picture_is_inverted_turned_and_mirrored_and_black_beside_it_stays_black(page: Page, pages: Pages) -> None:
    opened(page, pages)
    level = grey(30, 0, 2000)
    bar = (0.135, 0.5)  # the white bar at the left of the phantom
    assert pixel(page, *bar) > 200
    press(page, "左右翻转")
    assert pixel(page, *bar) < 200
    assert pixel(page, 1 - bar[0], 0.5) > 200
    press(page, "反相")
    assert pixel(page) == pytest.approx(255 - level, abs=3)
    assert pixel(page, 0.5, 0.02) == 0  # the stage, not the picture
    page.keyboard.press("i")
    assert pixel(page) == pytest.approx(level, abs=3)
    page.click("#reset")
    assert pixel(page, *bar) > 200


def test_the_mouse_works_as_at_a_workstation(browser: Browser, pages: Pages) -> None:
    pages.places = {1: CT_PLACE}
    pages.no_values = True
    with phone_page(browser, viewport={"width": 1440, "height": 900}, has_touch=False, device_scale_factor=1) as page:
        x, y = opened(page, pages)
        mouse_drag(page, (x, y), (x + 60, y), "right")
        mouse_drag(page, (x, y), (x, y - 80), "right")
        zoom = float(page.get_attribute("#picture", "data-zoom") or 0)
        assert zoom > 1.5
        before = pixel(page, 0.4, 0.5)
        mouse_drag(page, (x, y), (x + 100, y + 40), "middle")
        assert page.inner_text("#counter").startswith("30 ")
        assert before >= 0
        page.click("#reset")
        mouse_drag(page, (x, y), (x, y + 64))  # half a quarter of the width, towards brighter values
        wait_until(page, "document.querySelector('.stage__window').textContent.startsWith('窗位 500 ')")
        wait_for_slice(page, 30)
        asked = "one => one.name.includes('/frames/30.jpg?wc=500&ww=2000')"
        wait_until(page, f"performance.getEntriesByType('resource').some({asked})")
        assert pixel(page) == pytest.approx(grey(30, 500, 2000), abs=3)
        page.mouse.wheel(0, 100)
        wait_for_slice(page, 31)


def test_while_a_window_is_drawn_the_picture_itself_follows(page: Page, pages: Pages) -> None:
    pages.no_values = True
    x, y = opened(page, pages)
    page.wait_for_load_state("networkidle")
    page.route("**/frames/*.jpg?wc=*", lambda route: route.abort())
    press(page, "调窗")
    finger(page, (x, y), (x, y + 64))
    wait_until(page, "document.querySelector('.stage__window').textContent.startsWith('窗位 500 ')")
    assert pixel(page) == pytest.approx(grey(30, 500, 2000), abs=4)
    assert pixel(page, 0.5, 0.02) == 0
    page.wait_for_timeout(400)
    assert pixel(page) == pytest.approx(grey(30, 500, 2000), abs=4)  # and stays until the server's picture is here


def test_numbers_choose_windows_and_escape_lays_the_tool_down(page: Page, pages: Pages) -> None:
    opened(page, pages)
    page.keyboard.press("2")
    page.wait_for_selector('#picture[data-picture="1/30/full/-600,1500"]')
    page.keyboard.press("1")
    wait_until(page, "document.querySelector('#windows [data-window=standard]').getAttribute('aria-pressed') == 'true'")
    press(page, "长度")
    assert page.locator("#tray [aria-pressed=true]").all_inner_texts() == ["长度"]
    page.keyboard.press("Escape")
    assert page.locator("#tray [aria-pressed=true]").all_inner_texts() == ["浏览"]


def test_full_screen_leaves_the_picture_alone_and_comes_back(page: Page, pages: Pages) -> None:
    opened(page, pages)
    before = page.locator("#stage").bounding_box()
    press(page, "全屏")
    after = page.locator("#stage").bounding_box()
    assert before
    assert after
    assert after["height"] > before["height"]
    assert page.locator(".bar").is_hidden()
    press(page, "退出全屏")
    wait_until(page, "!document.body.classList.contains('is-full')")
    assert page.locator(".bar").is_visible()


@pytest.mark.parametrize(("width", "height"), [(360, 780), (390, 844), (768, 1024), (1440, 900)])
def test_each_tool_has_a_button_that_a_finger_hits(browser: Browser, pages: Pages, width: int, height: int) -> None:
    pages.places = {1: CT_PLACE}
    with phone_page(browser, viewport={"width": width, "height": height}) as page:
        opened(page, pages)
        names = page.locator("#tray button:visible").all_inner_texts()
        assert len(names) == 19
        for button in page.locator("#tray button:visible, .tools button:visible").all():
            box = button.bounding_box()
            assert box
            assert min(box["width"], box["height"]) >= 44, button.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        stage = page.locator("#stage").bounding_box()
        assert stage
        assert stage["height"] >= 0.35 * height


def test_the_body_is_turned_by_finger_keys_and_slider_and_no_picture_is_fetched_twice(page: Page, pages: Pages) -> None:
    opened(page, pages)
    press(page, "立体旋转")
    shows_turn(page, 1)
    level = "(c => c.getContext('2d').getImageData(99, 99, 1, 1).data[0])(document.querySelector('#turntable canvas'))"
    assert page.evaluate(level) == pytest.approx(turn_grey(1, "bone"), abs=2)
    assert "王*芳 2026-11-20" in page.inner_text("#turntable .stage__facts")
    page.focus("#turntable canvas")
    page.keyboard.press("ArrowLeft")
    shows_turn(page, 36)
    page.locator("#turntable input").fill("10")
    shows_turn(page, 10)
    x, y = middle_of_stage(page)
    finger(page, (x - 60, y), (x + 60, y))
    shows_turn(page, 20)
    page.click("#turntable >> text=体表")
    wait_until(page, "document.querySelector('#turntable canvas').dataset.turn.includes('20.jpg?preset=skin')")
    assert page.evaluate(level) == pytest.approx(turn_grey(20, "skin"), abs=2)
    page.keyboard.press("Escape")
    assert page.is_hidden("#turntable")
    assert page.inner_text("#counter").startswith("30 ")
    turns = [request for request in pages.requests if "/turntable/" in request]
    assert len(turns) == len(set(turns))


def shows_turn(page: Page, k: int) -> None:
    wait_until(page, f"(document.querySelector('#turntable canvas').dataset.turn || '').includes('/turntable/{k}.jpg')")


def test_an_ended_session_covers_the_turntable_too(page: Page, pages: Pages) -> None:
    opened(page, pages)
    pages.session_over = True
    press(page, "立体旋转")
    wait_until(page, "document.getElementById('turntable').hidden && !document.getElementById('cover').hidden")


@pytest.mark.parametrize(("stored", "least"), [("plain-100", 16), ("elder-100", 18), ("plain-200", 16)])
@pytest.mark.parametrize("mode", ["长度", "三维切面", "立体旋转", "左右对比"])
def test_each_mode_is_without_fault_under_axe_and_its_letters_are_large(
    page: Page, pages: Pages, mode: str, stored: str, least: int
) -> None:
    reads_as(page, pages.base_url, stored)
    opened(page, pages)
    press(page, mode)
    if mode == "长度":
        page.locator("#stage").scroll_into_view_if_needed()
        x, y = middle_of_stage(page)
        finger(page, (x - 50, y), (x + 50, y))
        wait_told(page, "毫米")
    page.wait_for_timeout(300)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert [one for one in page.evaluate(LETTERS) if one["size"] < least] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360

"""Windows that the viewer draws itself from values in full depth, in a real browser, without the server."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from app.imaging.display.window import Window, to_display
from deploy.testbed.phone import phone_page
from tests.factories.browser import (
    finger,
    in_browser,
    middle_of_stage,
    pixel,
    wait_for_slice,
    wait_until,
    with_tools,
)
from tests.factories.images import frame, image_header
from tests.factories.patient_page_frames import BAR, CT_PLACE, stored_value
from tests.factories.patient_page_values import EXAM_ID
from tests.factories.patient_pages import Pages

pytestmark = in_browser
WINDOW_WORDS = "document.querySelector('.stage__window').textContent"


@pytest.fixture
def page(browser: Browser, pages: Pages) -> Iterator[Page]:
    pages.places = {1: CT_PLACE}
    with phone_page(browser) as one:
        yield one


def opened(page: Page, pages: Pages, place: str = "") -> tuple[float, float]:
    page.goto(f"{pages.base_url}/exams/{EXAM_ID}/viewer{place}")
    page.wait_for_selector('#picture[data-quality="full"]')
    with_tools(page)
    page.wait_for_load_state("networkidle")
    return middle_of_stage(page)


def windowing(page: Page) -> None:
    page.locator("#tray").get_by_role("button", name="调窗", exact=True).click()


def as_the_server(k: int, center: float, width: float, series: int = 1) -> int:
    """The grey level of the middle of frame k by the server's own drawing."""
    pixels = np.full((1, 1), stored_value(k, series), np.int16)
    return int(to_display(frame(pixels), image_header(), Window(center, width))[0, 0])


def asked(pages: Pages, part: str) -> list[str]:
    return [request for request in pages.requests if part in request]


def wait_drawn(page: Page, k: int, window: str, n: int = 1) -> None:
    page.wait_for_selector(f'#picture[data-picture="depth/{n}/{k}/{window}"]')


def test_a_drag_and_all_presets_are_drawn_from_one_fetch_with_the_servers_grey_levels(page: Page, pages: Pages) -> None:
    x, y = opened(page, pages)
    windowing(page)
    page.wait_for_load_state("networkidle")
    assert len(asked(pages, "/frames/30/values.bin")) == 1
    finger(page, (x, y), (x, y + 64))
    wait_drawn(page, 30, "500,2000")
    assert page.evaluate(WINDOW_WORDS) == "窗位 500 窗宽 2000"
    assert pixel(page) == as_the_server(30, 500, 2000)
    assert pixel(page, 0.5, 0.02) == 0
    for name, (center, width) in {"肺窗": (-600, 1500), "骨窗": (400, 1800), "腹部窗": (50, 300)}.items():
        page.locator("#windows").get_by_role("button", name=name, exact=True).click()
        wait_drawn(page, 30, f"{center},{width}")
        assert pixel(page) == as_the_server(30, center, width)
    page.wait_for_timeout(400)  # longer than a finger must rest
    assert asked(pages, "wc=") == []
    assert len(asked(pages, "values.bin")) == 1


def test_the_next_slice_comes_from_the_server_until_it_is_windowed_itself(page: Page, pages: Pages) -> None:
    x, y = opened(page, pages)
    windowing(page)
    finger(page, (x, y), (x, y + 64))
    wait_drawn(page, 30, "500,2000")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector('#picture[data-picture="1/31/full/500,2000"]')
    page.keyboard.press("ArrowUp")
    wait_drawn(page, 30, "500,2000")
    assert pixel(page) == as_the_server(30, 500, 2000)
    page.click("#reset")
    page.wait_for_selector('#picture[data-picture="1/30/full/"]')


def test_until_the_values_are_here_the_picture_itself_follows_and_the_server_answers(page: Page, pages: Pages) -> None:
    x, y = opened(page, pages)
    page.route("**/values.bin", lambda route: None)  # they never come
    windowing(page)
    finger(page, (x, y), (x, y + 64))
    page.wait_for_selector('#picture[data-picture="1/30/full/500,2000"]')
    assert pixel(page) == pytest.approx(as_the_server(30, 500, 2000), abs=4)


def test_colour_has_no_values_and_keeps_the_servers_windows(page: Page, pages: Pages) -> None:
    x, y = opened(page, pages, "#2/3")
    windowing(page)
    finger(page, (x, y), (x, y + 64))
    page.wait_for_selector('#picture[data-picture="2/3/full/500,2000"]')
    finger(page, (x, y), (x, y - 64))
    page.wait_for_selector('#picture[data-picture="2/3/full/0,2000"]')
    assert len(asked(pages, "values.bin")) == 1  # refused once, and not asked again


def test_a_series_without_a_window_gets_that_of_its_values(page: Page, pages: Pages) -> None:
    x, y = opened(page, pages, "#3/4")
    windowing(page)
    page.wait_for_load_state("networkidle")
    finger(page, (x, y), (x, y + 30))
    wait_until(page, f"{WINDOW_WORDS}.startsWith('窗位 ')")
    picture = page.get_attribute("#picture", "data-picture") or ""
    assert picture.startswith("depth/3/4/")
    center, width = map(float, picture.rpartition("/")[2].split(","))
    assert pixel(page) == as_the_server(4, center, width, 3)


def test_windows_that_the_header_names_have_buttons_behind_the_usual_ones(page: Page, pages: Pages) -> None:
    named = [{"name": "HARDER", "center": 300, "width": 900}, {"name": "", "center": 100, "width": 700}]
    pages.places = {1: CT_PLACE | {"windows": [named]}}
    opened(page, pages)
    page.wait_for_selector("#windows >> text=HARDER")
    names = page.locator("#windows button").all_inner_texts()
    assert names[0] == "默认"
    assert names[-2:] == ["HARDER", "窗 2"]
    page.locator("#windows").get_by_role("button", name="HARDER", exact=True).click()
    page.wait_for_selector('#picture[data-picture="1/30/full/300,900"]')
    assert page.locator("#windows [aria-pressed=true]").all_inner_texts() == ["HARDER"]
    page.locator("#series button").nth(1).click()
    page.wait_for_selector('#picture[data-series="2"]')
    assert page.locator("#windows >> text=HARDER").count() == 0


def test_to_save_data_values_are_fetched_for_a_drag_alone(page: Page, pages: Pages) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'connection', {value: {saveData: true}})")
    x, y = opened(page, pages)
    windowing(page)
    page.wait_for_timeout(300)
    assert asked(pages, "values.bin") == []
    finger(page, (x, y), (x, y + 64))
    wait_drawn(page, 30, "500,2000")


def test_values_of_an_ended_session_end_the_viewer(page: Page, pages: Pages) -> None:
    x, y = opened(page, pages)
    pages.session_over = True
    windowing(page)
    finger(page, (x, y), (x, y + 64))
    wait_until(page, "!document.getElementById('cover').hidden")
    assert page.is_hidden("#controls")


def test_each_slice_of_a_round_has_values_of_its_own(page: Page, pages: Pages) -> None:
    x, y = opened(page, pages)
    windowing(page)
    for k in (30, 31, 32):
        finger(page, (x, y), (x, y + 16))
        page.wait_for_selector(f'#picture[data-picture^="depth/1/{k}/"]')
        picture = page.get_attribute("#picture", "data-picture") or ""
        center, width = map(float, picture.rpartition("/")[2].split(","))
        assert pixel(page) == as_the_server(k, center, width)
        page.keyboard.press("ArrowDown")
        wait_for_slice(page, k + 1)


def test_the_value_under_the_mouse_is_told_where_it_rests(browser: Browser, pages: Pages) -> None:
    pages.places = {1: CT_PLACE}
    with phone_page(browser, viewport={"width": 1366, "height": 768}, has_touch=False, device_scale_factor=1) as page:
        x, y = opened(page, pages)
        assert asked(pages, "values.bin") == []
        page.mouse.move(x, y)
        wait_until(page, f"{WINDOW_WORDS}.startsWith('此处 {stored_value(30)} HU')")
        assert len(asked(pages, "values.bin")) == 1
        stage = page.locator("#stage").bounding_box()
        assert stage
        side = stage["height"]  # the picture is square and fits the height
        page.mouse.move(x - side * (3 / 8 - 1 / 64), y)
        wait_until(page, f"{WINDOW_WORDS}.startsWith('此处 {BAR} HU')")
        page.mouse.move(x - side * 0.6, y)  # beside the picture
        wait_until(page, f"!{WINDOW_WORDS}.includes('此处')")
        page.mouse.move(x, y)
        page.keyboard.press("r")
        wait_until(page, f"{WINDOW_WORDS}.startsWith('此处 {stored_value(30)} HU')")
        page.keyboard.press("ArrowDown")
        wait_until(page, f"!{WINDOW_WORDS}.includes('此处')")  # never the value of another slice

"""What the stack viewer fetches and when, and what it shows until then: first picture, failing line, saved data."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from app.web import static_files
from deploy.testbed.phone import phone_page, throttled
from tests.contracts.test_viewer_modules import scripts_of_the_page
from tests.factories.browser import (
    VIEWER,
    at_rest,
    finger,
    in_browser,
    middle_of_stage,
    near,
    open_viewer,
    pixel,
    wait_for_slice,
    wait_until,
    with_tools,
)
from tests.factories.patient_page_frames import CT_FRAMES, grey
from tests.factories.patient_page_values import EXAM_ID
from tests.factories.patient_pages import Pages

pytestmark = in_browser


@pytest.fixture
def page(browser: Browser, pages: Pages) -> Iterator[Page]:
    with phone_page(browser) as one:
        yield one


def test_the_first_picture_is_in_the_page_and_then_drawn_on_the_canvas(page: Page, pages: Pages) -> None:
    open_viewer(page, pages)
    assert "size=256" not in pages.requests[0] or "frames.batch" in pages.requests[0]  # it is in the page itself
    assert not any("manifest" in request for request in pages.requests)
    assert pixel(page) == near(grey(30, 0, 2000))
    assert page.locator("#first-frame").count() == 0
    assert page.inner_text("#counter") == f"30 / {CT_FRAMES}"


def test_the_picture_of_the_page_is_on_the_canvas_before_any_other_arrives(page: Page, pages: Pages) -> None:
    page.route("**/frames.batch*", lambda route: route.abort())
    page.route("**/frames/30.jpg", lambda route: route.abort())
    page.goto(pages.base_url + VIEWER)
    wait_for_slice(page, 30, quality="preview")
    assert pixel(page) == near(grey(30, 0, 2000))
    assert pixel(page, 0.02, 0.5) < 20  # at its own proportions, not stretched over the stage
    assert pixel(page, 0.5, 0.05) < 20


@pytest.mark.parametrize("slower", [1, 4])  # a quick phone's script meets the frame under way, a slow one's a whole one
def test_the_page_fetches_its_full_frame_once_and_the_script_takes_it_over(
    page: Page, pages: Pages, slower: int
) -> None:
    throttled(page, slower=slower)
    open_viewer(page, pages)
    at_rest(page)
    finger(page, middle_of_stage(page), (middle_of_stage(page)[0], middle_of_stage(page)[1] + 90))
    wait_until(page, "Number(document.getElementById('picture').dataset.slice) > 33")
    page.locator("#slider").fill("30")
    wait_for_slice(page, 30)
    assert sum(request.endswith("/frames/30.jpg") for request in pages.requests) == 1


CUT = """
  const asked = window.fetch, cut = new Set();
  window.fetch = (address, options) => asked(address, options).then((answer) => {
    if (cut.has(address) || !/frames\\/29.jpg|frames.batch/.test(address)) return answer;
    cut.add(address);
    answer.arrayBuffer().catch(() => undefined);
    return new Response(new ReadableStream({ start: (body) => body.error(new TypeError('cut')) }));
  });
  window.cut = cut;
"""


def test_what_the_line_cuts_is_asked_for_again(page: Page, pages: Pages) -> None:
    page.add_init_script(CUT)
    open_viewer(page, pages)
    at_rest(page)
    page.locator("#previous").click()
    wait_for_slice(page, 29)
    assert pixel(page) == near(grey(29, 0, 2000))
    assert page.evaluate("window.cut.size") == 1 + 1 + CT_FRAMES // 20 + 1


def test_previews_of_all_frames_load_in_batches_and_full_frames_only_near_the_eye(page: Page, pages: Pages) -> None:
    open_viewer(page, pages)
    page.wait_for_selector(f'#picture[data-loaded="{CT_FRAMES}"]')
    at_rest(page)
    batches = [request for request in pages.requests if "frames.batch" in request]
    first = " ".join(batches[:2])  # at once, once the picture is sharp
    assert "from=21&count=10" in first
    assert "from=31&count=10" in first
    assert len(batches) == 1 + CT_FRAMES // 20 + 1, "the block under the eye comes in halves"
    full = {int(r.split("/frames/")[1].split(".")[0]) for r in pages.requests if r.endswith(".jpg")}
    assert full <= set(range(24, 37))


def test_under_a_chosen_window_a_picture_of_another_window_is_named_at_once_and_as_long_as_it_stands(
    page: Page, pages: Pages
) -> None:
    open_viewer(page, pages)
    at_rest(page)
    page.route("**/frames/*.jpg?wc=*", lambda route: route.abort())
    page.get_by_role("button", name="骨窗").click()
    for key in ("ArrowDown", "ArrowDown", "End"):
        page.keyboard.press(key)
        wait_for_slice(page, int(page.inner_text("#counter").split("/")[0]), quality="preview")
        assert "还是默认窗位" in page.inner_text("#note")
    page.wait_for_timeout(700)  # the line fails and is tried again: still said
    assert "还是默认窗位" in page.inner_text("#note")
    page.get_by_role("button", name="默认").click()
    wait_until(page, "!document.getElementById('note').textContent.includes('窗位')")


def test_while_a_slice_is_not_here_its_neighbour_stands_in_and_is_named(page: Page, pages: Pages) -> None:
    far = re.compile(r"from=(1|11|41|51)&count=[12]0&size=256$")
    page.route(lambda url: far.search(url) is not None, lambda route: route.abort())
    page.route(lambda url: url.endswith(".jpg") and not url.endswith("/30.jpg"), lambda route: route.abort())
    open_viewer(page, pages)
    page.wait_for_selector('#picture[data-loaded="26"]')  # the block under the eye, and every eighth
    for key, expected, shown in (("End", 60, 57), ("Home", 1, 1), ("ArrowDown", 2, 1)):
        page.keyboard.press(key)
        wait_for_slice(page, shown, quality="preview" if shown == expected else "near")
        assert pixel(page) == near_grey(shown)
        if shown != expected:
            assert f"先看第 {shown} 幅" in page.inner_text("#note")
            assert page.inner_text("#counter") == f"{expected} / {CT_FRAMES}"


def test_an_incomplete_picture_is_named_as_long_as_it_stands_and_no_other_is(page: Page, pages: Pages) -> None:
    pages.incomplete = {31}
    open_viewer(page, pages)
    at_rest(page)
    for key, expected in (("ArrowDown", True), ("ArrowDown", False), ("ArrowUp", True)):
        page.keyboard.press(key)
        wait_for_slice(page, int(page.inner_text("#counter").split("/")[0]))
        wait_until(
            page, f"document.getElementById('note').textContent.includes('数据不完整') === {str(expected).lower()}"
        )


def near_grey(k: int) -> object:
    return near(grey(k, 0, 2000))


def test_a_failing_line_is_tried_again_and_said(page: Page, pages: Pages) -> None:
    open_viewer(page, pages)
    at_rest(page)
    pages.refuse = 8
    page.get_by_role("button", name="骨窗").click()
    page.get_by_text("正在重试").wait_for()
    page.wait_for_selector('#picture[data-picture="1/30/full/400,1800"]')
    assert pixel(page) == near(grey(30, 400, 1800))


def test_what_the_finger_has_left_is_given_up(page: Page, pages: Pages) -> None:
    open_viewer(page, pages)
    at_rest(page)
    pages.delay_s = 0.5
    cancelled: list[str] = []
    page.on("requestfailed", lambda request: cancelled.append(request.url))
    page.keyboard.press("Home")
    page.wait_for_timeout(300)
    page.keyboard.press("End")
    wait_for_slice(page, CT_FRAMES)
    assert any(url.endswith("/frames/1.jpg") for url in cancelled)


def test_what_comes_before_the_first_picture_weighs_less_than_one_frame_or_two() -> None:
    """On slow 4G (200 kB/s) the code must not cost more than a quarter of a second before compression."""
    served = static_files.read(static_files.FOLDER).by_name
    early = [name for _, name in scripts_of_the_page()]
    assert sum(len(served[name].content) for name in [*early, "viewer.css"]) < 54_000


def test_to_save_data_only_what_is_looked_at_is_fetched_and_the_megabytes_are_told(page: Page, pages: Pages) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'connection', {value: {saveData: true}})")
    open_viewer(page, pages)
    with_tools(page)
    page.wait_for_selector('#picture[data-loaded="10"]')
    before = len(pages.requests)
    page.locator("#slider").fill("5")
    wait_for_slice(page, 5)
    page.wait_for_timeout(500)
    frames = [request for request in pages.requests[before:] if request.endswith(".jpg")]
    assert frames == [f"/exams/{EXAM_ID}/series/1/frames/5.jpg"]
    save = page.locator("#tray >> text=省流量")
    assert save.get_attribute("aria-pressed") == "true"
    assert float(re.findall(r"[0-9.]+", save.inner_text())[0]) > 0
    save.click()
    wait_until(page, "performance.getEntriesByType('resource').some(one => one.name.endsWith('/frames/11.jpg'))")

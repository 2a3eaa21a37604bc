"""Turning the planes of a volume in a real browser: by the ends of the lines, by buttons and keys, and back."""

from __future__ import annotations

import math
import re

import pytest
from playwright.sync_api import Browser, Page

from tests.factories.browser import finger, in_browser, wait_until
from tests.factories.patient_page_frames import BALL
from tests.factories.patient_pages import Pages
from tests.functional.test_planes_in_browser import open_planes, opened, shows

pytestmark = in_browser
NEAR_BALL = """(plane) => {
    const canvas = document.querySelector(`#mpr-${plane} canvas`), context = canvas.getContext('2d');
    const { width, height } = canvas, { data } = context.getImageData(0, 0, width, height);
    let [n, x, y] = [0, 0, 0];
    const light = (at) => Math.min(data[at], data[at + 1], data[at + 2]);
    const colour = (at) => Math.max(data[at], data[at + 1], data[at + 2]) - light(at);
    for (let at = 0; at < data.length; at += 4) {
        if (light(at) > 200 && colour(at) < 8) { n += 1; x += at / 4 % width; y += Math.floor(at / 4 / width); }
    }
    if (!n) return null;
    [x, y] = [Math.round(x / n), Math.round(y / n)];
    const found = new Set();
    for (let j = y - 3; j <= y + 3; j += 1) for (let i = x - 3; i <= x + 3; i += 1) {
        const at = 4 * (j * width + i), [r, g, b] = data.slice(at, at + 3);
        if (colour(at) > 40) found.add(g > r ? 'coronal' : b > g - 5 ? 'sagittal' : 'axial');
    }
    return [...found].sort().join(' ');
}"""
"""Of which planes the lines pass the middle of the bright ball."""


def captions(page: Page) -> list[str]:
    return [page.inner_text(f"#mpr-{plane} figcaption") for plane in ("axial", "coronal", "sagittal")]


def letters(page: Page, plane: str) -> list[str]:
    """At the left, right, upper and lower edge."""
    return page.locator(f"#mpr-{plane} .mpr__edge").all_inner_texts()


def asked(page: Page, plane: str) -> str:
    """The address of the picture that is shown."""
    return str(page.evaluate(f"document.querySelector('#mpr-{plane} canvas').dataset.cut"))


def wait_for(page: Page, plane: str, words: str) -> None:
    wait_until(page, f"(document.querySelector('#mpr-{plane} canvas').dataset.cut || '').includes('{words}')")


def end_of_line(page: Page, degrees: float) -> tuple[float, float]:
    """A place of the axial picture, seen from its middle at such an angle, as far as the handle of the level line."""
    box = page.locator("#mpr-axial canvas").bounding_box()
    assert box is not None
    arm = 0.85 * 200 * min(box["width"] / 400, box["height"] / 500)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return x + arm * math.cos(math.radians(degrees)), y + arm * math.sin(math.radians(degrees))


@pytest.mark.parametrize(("width", "height"), [(360, 780), (1366, 768), (1440, 900)])
def test_a_line_that_is_dragged_at_its_end_turns_the_other_planes(
    browser: Browser, pages: Pages, width: int, height: int
) -> None:
    page = opened(browser, pages, width, height)
    assert page.locator("#mpr >> text=正位").is_hidden()
    page.mouse.move(*end_of_line(page, 0))
    page.mouse.down()
    for degrees in (5, 12, 20):
        page.mouse.move(*end_of_line(page, degrees))
    page.mouse.up()
    axial, coronal, sagittal = captions(page)
    assert axial == "横断 斜0°"
    assert coronal.replace("冠状", "") == sagittal.replace("矢状", "")
    told = re.fullmatch(r"冠状 斜(\d+)°", coronal)
    assert told is not None
    assert int(told[1]) == pytest.approx(20, abs=1)
    wait_for(page, "coronal", "coronal/oblique.jpg?turn=0.98")
    wait_for(page, "axial", "axial/oblique.jpg?turn=1.00000,0.00000,0.00000,0.00000")
    wait_until(page, "document.querySelector('#mpr-coronal .mpr__edge').textContent === '右前'")
    assert letters(page, "coronal") == ["右前", "左后", "头", "足"]
    assert letters(page, "axial") == ["右", "左", "前", "后"]
    page.click("#mpr >> text=正位")
    shows(page, axial=30, coronal=250, sagittal=200)
    assert captions(page) == ["横断 30/60", "冠状 250/500", "矢状 200/400"]
    assert page.locator("#mpr >> text=正位").is_hidden()
    wait_until(page, "document.querySelector('#mpr-coronal .mpr__edge').textContent === '右'")
    page.close()


def test_a_finger_on_a_phone_turns_the_planes_too(browser: Browser, pages: Pages) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 780}, has_touch=True, is_mobile=True)
    page = context.new_page()
    open_planes(page, pages)
    finger(page, end_of_line(page, 0), end_of_line(page, -10), end_of_line(page, -30))
    wait_until(page, "/斜(29|30|31)°/.test(document.querySelector('#mpr-sagittal figcaption').textContent)")
    context.close()


def to_the_ball(page: Page) -> None:
    """The crossing goes there with the keys."""
    for plane, start in (("axial", 30), ("coronal", 250), ("sagittal", 200)):
        page.focus(f"#mpr-{plane} canvas")
        tens, ones = divmod(abs(BALL[plane] - start), 10)
        forth = BALL[plane] > start
        for _ in range(tens):
            page.keyboard.press("PageDown" if forth else "PageUp")
        for _ in range(ones):
            page.keyboard.press("ArrowDown" if forth else "ArrowUp")
    shows(page, **BALL)


def test_what_lies_in_the_crossing_stays_in_it_however_the_planes_turn(browser: Browser, pages: Pages) -> None:
    """The viewer's lines and the server's pictures agree: all three meet in the ball, from whatever side."""
    page = opened(browser, pages, 1440, 900)
    to_the_ball(page)
    for plane, key, times in (("axial", "]", 4), ("coronal", "[", 7), ("sagittal", "]", 5), ("axial", "]", 9)):
        page.focus(f"#mpr-{plane} canvas")
        for _ in range(times):
            page.keyboard.press(key)
        wait_until(
            page, "[...document.querySelectorAll('#mpr canvas')].every((one) => one.dataset.cut === one.dataset.wanted)"
        )
        for seen, others in (
            ("axial", "coronal sagittal"),
            ("coronal", "axial sagittal"),
            ("sagittal", "axial coronal"),
        ):
            wait_until(page, f"({NEAR_BALL})('{seen}') === '{others}'")
    page.close()


def test_buttons_turn_by_steps_and_the_wheel_goes_along_the_turned_way(browser: Browser, pages: Pages) -> None:
    page = opened(browser, pages, 1366, 768)
    page.locator("#mpr-axial .mpr__turn >> nth=1").click()
    page.locator("#mpr-axial .mpr__turn >> nth=1").click()
    page.locator("#mpr-axial .mpr__turn >> nth=0").click()
    wait_until(page, "document.querySelector('#mpr-coronal figcaption').textContent === '冠状 斜5°'")
    wait_for(page, "coronal", "oblique.jpg?turn=0.99905")
    before = float(asked(page, "coronal").split("mm=")[1].split("&")[0])
    page.locator("#mpr-coronal canvas").hover()
    page.mouse.wheel(0, 100)
    wait_for(page, "coronal", f"mm={before + 1:.2f}")
    axial = asked(page, "axial")
    box = page.locator("#mpr-axial canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.4)
    wait_until(page, f"!document.querySelector('#mpr-coronal canvas').dataset.cut.includes('mm={before + 1:.2f}')")
    assert asked(page, "axial") == axial  # its picture is the same
    page.click("text=最大密度")
    wait_for(page, "sagittal", "slab=10&mode=mip")
    assert "oblique.jpg?turn=" in asked(page, "sagittal")
    page.focus("#mpr-axial canvas")
    page.keyboard.press("0")
    wait_until(page, "/^矢状 \\d+\\/400$/.test(document.querySelector('#mpr-sagittal figcaption').textContent)")
    assert page.locator("#mpr >> text=正位").is_hidden()
    page.close()


def test_a_phone_has_the_turning_buttons_at_its_large_picture_alone(browser: Browser, pages: Pages) -> None:
    page = opened(browser, pages, 360, 780)
    assert page.locator("#mpr .mpr__turn:visible").count() == 2
    page.click("#mpr-sagittal .mpr__larger")
    page.click("#mpr-sagittal .mpr__turn >> nth=0")
    wait_until(page, "document.querySelector('#mpr-axial figcaption').textContent === '横断 斜5°'")
    for button in page.locator("#mpr button:visible").all():
        size = button.bounding_box()
        assert size is not None
        assert min(size["width"], size["height"]) >= 44, button.inner_text()
    page.click("#mpr >> text=正位")
    page.close()

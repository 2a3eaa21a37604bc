"""The magnifier of the viewer, judged by the pixels over the picture."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from deploy.testbed.phone import phone_page
from tests.factories.browser import (
    in_browser,
    opened,
    pixel,
    press,
    wait_until,
)
from tests.factories.patient_page_frames import CT_PLACE
from tests.factories.patient_pages import Pages

pytestmark = in_browser


@pytest.fixture
def page(browser: Browser, pages: Pages) -> Iterator[Page]:
    pages.places = {1: CT_PLACE}
    with phone_page(browser) as one:
        yield one


def white(page: Page, canvas: str, x: float) -> float:
    """How many CSS pixels around x are white in the middle row of a canvas that covers the stage."""
    return float(
        page.evaluate(
            """([place, x]) => {
                const canvas = document.querySelector(place), ratio = canvas.width / canvas.clientWidth;
                const row = canvas.getContext('2d')
                    .getImageData(0, Math.round(canvas.height / 2), canvas.width, 1).data;
                const isWhite = (at) => row[4 * at] > 230 && row[4 * at + 3] === 255;
                const middle = Math.round(x * ratio);
                let [left, right] = [middle, middle];
                while (isWhite(left - 1)) left -= 1;
                while (isWhite(right)) right += 1;
                return (right - left) / ratio;
            }""",
            [canvas, x],
        )
    )


def strip(page: Page) -> float:
    """The middle of the phantom's white strip on the stage, in CSS pixels from its left."""
    return float(
        page.evaluate(
            """() => {
                const canvas = document.getElementById('picture'), ratio = canvas.width / canvas.clientWidth;
                const row = canvas.getContext('2d')
                    .getImageData(0, Math.round(canvas.height / 2), canvas.width, 1).data;
                const found = Array.from(row).map((one, i) => (i % 4 === 0 && one > 230 ? i / 4 : -1))
                    .filter((one) => one >= 0);
                return (found[0] + found[found.length - 1] + 1) / 2 / ratio;
            }"""
        )
    )


@pytest.mark.parametrize("pose", ["", "反相", "左右翻转"])
def test_the_magnifier_shows_what_is_held_twice_as_large_and_goes_when_it_is_let_go(
    page: Page, pages: Pages, pose: str
) -> None:
    x, y = opened(page, pages)
    at = strip(page)
    if pose == "左右翻转":
        press(page, pose)
        at = strip(page)
    before = white(page, "#picture", at)
    assert 4 < before < 30
    if pose == "反相":
        press(page, pose)
    level = pixel(page, 0.5, 0.5)
    press(page, "放大镜")
    page.mouse.move(x, y)
    stage = page.locator("#picture").bounding_box()
    assert stage
    page.mouse.move(stage["x"] + at, y)
    page.mouse.down()
    wait_until(page, "document.querySelector('.stage').dataset.lens === '2'")
    page.wait_for_timeout(100)
    radius = 0.28 * min(stage["width"], stage["height"])
    centre = min(max(at, radius), stage["width"] - radius)  # the lens is always whole on the stage
    if pose == "反相":
        assert white(page, ".stage__marks", centre) == 0, "the strip is black in it, as in the picture"
        assert white(page, ".stage__marks", centre - 2 * before) > before, "what is beside it is white"
    else:
        assert white(page, ".stage__marks", centre) == pytest.approx(2 * before, abs=3)
    page.mouse.move(x, y)
    page.wait_for_timeout(100)
    assert over(page, 0.5) == pytest.approx([level, 255], abs=2)
    page.mouse.up()
    wait_until(page, "document.querySelector('.stage').dataset.lens === ''")
    assert over(page, 0.5)[1] == 0
    assert pixel(page, 0.5, 0.5) == level, "the picture itself stays as it is"


def over(page: Page, x: float) -> list[int]:
    """Grey level and opacity of what lies over the picture, in the middle row."""
    found: list[int] = page.evaluate(
        """(x) => {
            const canvas = document.querySelector('.stage__marks');
            const box = [Math.round(canvas.width * x), Math.round(canvas.height / 2), 1, 1];
            const [red, , , alpha] = canvas.getContext('2d').getImageData(...box).data;
            return [red, alpha];
        }""",
        x,
    )
    return found

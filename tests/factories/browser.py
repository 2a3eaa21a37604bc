"""The marks of tests that need a browser, and how a test reads what is drawn in it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from playwright.sync_api import Page

from deploy.testbed.phone import CHROMIUM
from tests.factories.patient_page_frames import CT_FRAMES
from tests.factories.patient_page_values import EXAM_ID
from tests.factories.patient_pages import Pages

in_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed: no page was seen in a browser"),
]
"""The marks of every test that needs it."""
VIEWER = f"/exams/{EXAM_ID}/viewer"
JPEG_SLACK = 2  # grey levels JPEG may be off


def reads_as(page: Page, base_url: str, stored: str) -> None:
    """The browser's choice of elder mode and size of letters, as its cookie has it: `elder-100` … `plain-200`."""
    page.context.add_cookies([{"name": "cf-reading", "value": stored, "url": base_url}])


def pixel(page: Page, x: float = 0.5, y: float = 0.5) -> int:
    """Grey level of the viewer's canvas at a place, 0 … 1 of its width and height."""
    return int(
        page.evaluate(
            """([x, y]) => {
                const canvas = document.getElementById('picture');
                return canvas.getContext('2d').getImageData(canvas.width * x, canvas.height * y, 1, 1).data[0];
            }""",
            [x, y],
        )
    )


def wait_for_slice(page: Page, k: int, quality: str = "full") -> None:
    """Until frame k is drawn on the canvas in that quality."""
    page.wait_for_selector(f'#picture[data-slice="{k}"][data-quality="{quality}"]')


def wait_until(page: Page, condition: str) -> None:
    """Until a JavaScript expression is true. Playwright's own waiting evaluates in the page, which our CSP forbids."""
    for _ in range(600):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {condition}")


def finger(page: Page, *points: tuple[float, float], steps: int = 6) -> None:
    """One finger goes from point to point of the page, in `steps` moves each, and leaves."""
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *at: tuple[float, float]) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in at]})

    touch("touchStart", points[0])
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        for step in range(1, steps + 1):
            touch("touchMove", (x0 + (x1 - x0) * step / steps, y0 + (y1 - y0) * step / steps))
    touch("touchEnd")


def mouse_drag(page: Page, start: tuple[float, float], end: tuple[float, float], button: Any = "left") -> None:
    page.mouse.move(*start)
    page.mouse.down(button=button)
    page.mouse.move(*end, steps=6)
    page.mouse.up(button=button)


def with_tools(page: Page) -> None:
    """Until the tools came and their row is open."""
    page.wait_for_selector('#picture[data-tools="ready"]')
    if not page.locator("#tray").is_visible():
        page.click("#tools-open")


def middle_of_stage(page: Page) -> tuple[float, float]:
    box = page.locator("#stage").bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def near(value: int) -> object:
    return pytest.approx(value, abs=JPEG_SLACK)


def at_rest(page: Page) -> None:
    """Until nothing more is fetched: all previews and the neighbours' full frames are here."""
    page.wait_for_selector(f'#picture[data-loaded="{CT_FRAMES}"]')
    page.wait_for_load_state("networkidle")


def open_viewer(page: Page, pages: Pages) -> None:
    page.goto(pages.base_url + VIEWER)
    wait_for_slice(page, 30)


def opened(page: Page, pages: Pages) -> tuple[float, float]:
    """The middle of the stage of the CT, with the tools at hand."""
    open_viewer(page, pages)
    with_tools(page)
    page.wait_for_timeout(100)
    return middle_of_stage(page)


def press(page: Page, name: str) -> None:
    """A tool of the viewer."""
    page.locator("#tray").get_by_role("button", name=name, exact=True).click()

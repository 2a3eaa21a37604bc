"""A real Chromium the size of a phone, and how a test reads what is drawn in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium")
in_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed: no page was seen in a browser"),
]
"""The marks of every test that needs it."""
PHONE = {"width": 360, "height": 740}
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Chrome's own "slow 4G": 1.6 Mbit/s down, 150 ms a request.
SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 100_000}


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser until the block ends."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def phone_page(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page on a phone. Anything the browser complains about, a refused script or style too, fails the test."""
    context = browser.new_context(**{"viewport": PHONE, "has_touch": True, "device_scale_factor": 2, **options})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    try:
        yield page
    finally:
        context.close()
    assert complaints == []


def throttled(page: Page) -> Page:
    """The page on a slow line and a processor four times slower."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW_4G)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    return page


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

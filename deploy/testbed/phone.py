"""A real Chromium with the size of a phone, on a slow line if wanted. The caller checks the pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium")
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

# Chrome's own "slow 4G": 1.6 Mbit/s down, 150 ms a request; its "fast 4G"; and a line of a house with 20 Mbit/s.
SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 100_000}
FAST_4G = {"offline": False, "latency": 165, "downloadThroughput": 1_012_500, "uploadThroughput": 168_750}
HOUSE_LINE = {"offline": False, "latency": 40, "downloadThroughput": 2_500_000, "uploadThroughput": 500_000}


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """Start the browser, with more arguments; it ends with the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *arguments])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def phone_page(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page on a phone. Raises AssertionError when a script fails or the browser refuses a script or a style."""
    context = browser.new_context(**{"viewport": PHONE, "has_touch": True, "device_scale_factor": 2, **options})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    try:
        yield page
    except BaseException as fault:
        if complaints:
            fault.add_note(f"the browser complained: {complaints}")
        raise
    finally:
        context.close()
    assert complaints == []


def throttled(page: Page, line: dict[str, Any] | None = None, slower: int = 4) -> Page:
    """The page, now on a line (slow 4G, where none is named), and on a processor that is so many times slower."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", line or SLOW_4G)
    session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    return page

"""Seconds from opening the viewer of 143 slices to the first picture, on a slow line and a slow phone, in Chromium.

The application is real, the patient has a session, and the browser's cache is empty. The browser delays every request
by 150 ms and lets 1.6 Mbit/s through. To open a connection costs no extra time on this simulated line.
"""

from __future__ import annotations

import statistics
from pathlib import Path

from playwright.sync_api import Browser

from bench.house import OpenExam, opened, shown_exam, working_folder
from bench.servers import cloudfilm
from bench.skipped import Skipped
from deploy.testbed.phone import CHROMIUM, chromium, phone_page, throttled

ROUNDS = 7
GOAL_S = 1.5
WATCH = """
  window.bench = {};
  const afterPaint = (name) => requestAnimationFrame(() => requestAnimationFrame(() => {
    window.bench[name] ??= performance.now();
  }));
  document.addEventListener('load', (event) => {
    if (event.target.id === 'first-frame') afterPaint('painted');
  }, true);
  new MutationObserver(() => {
    if (document.getElementById('picture')?.dataset.slice) afterPaint('drawn');
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-slice'] });
"""
"""Times count from the start of the navigation. `painted`: the picture that came with the page is on the screen, as an
image or, when the script was faster, on the canvas. `drawn`: the canvas shows the slice."""


def run() -> None:
    if not CHROMIUM:
        raise Skipped("Chromium is missing: apt-get install chromium")
    with working_folder() as folder:
        measure(folder)


def measure(folder: Path) -> None:
    with opened(folder) as services:
        exam, _ = shown_exam(services)
    with cloudfilm(folder) as server, chromium() as browser:
        cookies = exam.log_in(server.port)
        seen = [open_viewer(browser, f"http://127.0.0.1:{server.port}", exam, cookies) for _ in range(ROUNDS)]
    for number, what in enumerate(("first picture painted", "slice on the canvas")):
        times = [round_[number] / 1000 for round_ in seen]
        rounds = f"rounds {min(times):.2f} to {max(times):.2f}; goal {GOAL_S} s"
        print(f"  {what:<24}{statistics.median(times):5.2f} s ({rounds})")


def open_viewer(browser: Browser, base: str, exam: OpenExam, cookies: str) -> tuple[float, float]:
    """(milliseconds until the first picture is painted, milliseconds until the canvas shows the slice)."""
    with phone_page(browser) as page:
        named = (cookie.split("=", 1) for cookie in cookies.split("; "))
        page.context.add_cookies([{"name": name, "value": value, "url": base} for name, value in named])
        page.add_init_script(WATCH)
        throttled(page)
        page.goto(f"{base}/exams/{exam.id}/viewer", wait_until="commit")
        page.wait_for_selector("#picture[data-slice]", timeout=60_000)
        for _ in range(100):
            seen = page.evaluate("window.bench")
            if "painted" in seen and "drawn" in seen:
                return float(seen["painted"]), float(seen["drawn"])
            page.wait_for_timeout(100)
        raise RuntimeError(f"the browser told no more than {seen}")

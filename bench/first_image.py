"""Seconds from opening the viewer of 143 slices to the first picture, on a slow line and a slow phone, in Chromium.

The application is real, the patient has a session, and the browser's cache is empty. The browser delays every request
by 150 ms and lets 1.6 Mbit/s through. To open a connection costs no extra time on this simulated line.
"""

from __future__ import annotations

import statistics
from pathlib import Path

from playwright.sync_api import Browser

from bench.house import OpenExam, opened, shown_exam, working_folder
from bench.phone_session import signed_in
from bench.servers import cloudfilm
from bench.skipped import Skipped
from deploy.testbed.phone import CHROMIUM, chromium, phone_page, throttled

ROUNDS = 7
GOALS_S = {"painted": 0.6, "drawn": 1.0, "sharp": 1.0}
NAMES = {"painted": "first picture painted", "drawn": "on the canvas", "sharp": "sharp"}
MOST_BYTES = 80_000
WATCH = """
  window.bench = {};
  const afterPaint = (name) => requestAnimationFrame(() => requestAnimationFrame(() => {
    window.bench[name] ??= performance.now();
  }));
  document.addEventListener('load', (event) => {
    if (event.target.id === 'first-frame') afterPaint('painted');
    if (event.target.id === 'first-sharp' && event.target.isConnected) afterPaint('sharp');
  }, true);
  new MutationObserver(() => {
    const shown = document.getElementById('picture')?.dataset;
    if (shown?.slice) afterPaint('drawn');
    if (shown?.quality === 'full') afterPaint('sharp');
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-quality'] });
"""
"""Times count from the start of the navigation. `painted`: the picture that came with the page is on the screen, as an
image or, when the script was faster, on the canvas. `drawn`: the canvas shows the slice. `sharp`: its prepared frame
stands in full, as an image or on the canvas."""


SENT = """(painted) => ['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind))
  .filter((one) => one.responseEnd && one.responseEnd < painted).reduce((sum, one) => sum + one.transferSize, 0)"""


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
    for what, goal in GOALS_S.items():
        times = [times[what] / 1000 for times, _ in seen]
        rounds = f"rounds {min(times):.2f} to {max(times):.2f}; goal {goal} s"
        print(f"  {NAMES[what]:<24}{statistics.median(times):5.2f} s ({rounds})")
    print(f"  {'sent until painted':<24}{statistics.median(size for _, size in seen):6.0f} bytes (goal {MOST_BYTES})")


def open_viewer(browser: Browser, base: str, exam: OpenExam, cookies: str) -> tuple[dict[str, float], int]:
    """(milliseconds until each of `GOALS_S`, bytes of all answers that ended before the first picture is painted)."""
    with phone_page(browser) as page:
        throttled(signed_in(page, base, cookies)).add_init_script(WATCH)
        page.goto(f"{base}/exams/{exam.id}/viewer", wait_until="commit")
        page.wait_for_selector('#picture[data-quality="full"]', timeout=60_000)
        for _ in range(100):
            seen: dict[str, float] = page.evaluate("window.bench")
            if seen.keys() >= GOALS_S.keys():
                return seen, int(page.evaluate(SENT, seen["painted"]))
            page.wait_for_timeout(100)
        raise RuntimeError(f"the browser told no more than {seen}")

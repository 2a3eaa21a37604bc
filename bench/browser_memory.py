"""MiB that Chromium's processes take more after the viewer showed each of 1 000 slices, and its most decoded frames.

The application is real, and the line is not slowed.
"""

from __future__ import annotations

from playwright.sync_api import Browser, Page

from bench.browsing import STEP
from bench.house import OpenExam, opened, shown_exam, working_folder
from bench.long_study import long_study
from bench.phone_session import PATIENCE_MS, signed_in
from bench.processes import proportional_mib
from bench.servers import cloudfilm
from bench.skipped import Skipped
from deploy.testbed.phone import CHROMIUM, chromium, phone_page

SLICES = 1000
REST_EVERY = 10
"""Every so many slices the eye rests, until the prepared frame is there; its neighbours are fetched with it."""
DECODED = """() => import(document.querySelector('script[src$="viewer.first.js"]').src)
  .then((first) => first.of_viewer.viewer.pictures.decoded.entries.size)"""


def run() -> None:
    if not CHROMIUM:
        raise Skipped("Chromium is missing: apt-get install chromium")
    with working_folder() as folder:
        with opened(folder) as services:
            exam, _ = shown_exam(services, "BENCH-1", long_study("BENCH-1", slices=SLICES))
        with cloudfilm(folder) as server, chromium() as browser:
            measure(browser, f"http://127.0.0.1:{server.port}", exam, exam.log_in(server.port))


def measure(browser: Browser, base: str, exam: OpenExam, cookies: str) -> None:
    """What all of Chromium's processes take, counted when the first slice is sharp and after every slice was seen."""
    with phone_page(browser) as page:
        signed_in(page, base, cookies).goto(f"{base}/exams/{exam.id}/viewer")
        page.wait_for_selector('#picture[data-quality="full"]', timeout=PATIENCE_MS)
        page.keyboard.press("Home")
        page.wait_for_timeout(1000)
        before, most = taken(browser, page), 0
        for k in range(2, SLICES + 1):
            page.evaluate(STEP, "ArrowDown")
            if k % REST_EVERY == 0:
                page.wait_for_selector(f'#picture[data-slice="{k}"][data-quality="full"]', timeout=PATIENCE_MS)
                most = max(most, int(page.evaluate(DECODED)))
        after = taken(browser, page)
    print(
        f"  {SLICES} slices seen: {before:.0f} MiB, then {after:.0f} MiB: {after - before:+.0f} MiB (goal 100), "
        f"at most {most} decoded frames (goal 60)"
    )


def taken(browser: Browser, page: Page) -> float:
    """MiB of all of the browser's processes, after its rubbish was collected."""
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    page.wait_for_timeout(500)
    listed = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return sum(proportional_mib(process["id"]) for process in listed)

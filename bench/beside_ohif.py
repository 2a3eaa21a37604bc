"""300 slices all there on fast 4G: our viewer beside OHIF of npm, which asks our DICOMweb door for the same study.

OHIF's own scripts, 10 MB, are in its browser's cache before the clock starts, and its pictures are not. Our viewer
starts with a cold cache. OHIF has a slice when its frame was answered; ours when a picture of it can be shown: the
preview first, and the prepared frame where the eye rests. Neither processor is slowed. The bench scrolls on behind the
frames that came to OHIF, as a reader would. Where it stops all the same, its last frame counts as if it were the 300th:
the ratio is then a lower bound, and is told as one.
"""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Browser, Page, Request

from bench.house import OpenExam
from bench.phone_session import PATIENCE_MS, signed_in
from bench.rounds import interleaved
from bench.servers import cloudfilm
from bench.skipped import Skipped
from bench.study import NewStudy
from deploy.testbed.ohif import DIST, ViewerOrigin, viewer_origin
from deploy.testbed.phone import FAST_4G, chromium, phone_page, throttled

SLICES, ROUNDS = 300, 3
SCREEN = {"viewport": {"width": 1366, "height": 768}, "has_touch": False, "device_scale_factor": 1}
BEHIND = 20
"""So many slices behind the frames that came the reader is."""
LEAST = 30
"""With fewer frames OHIF did not work, and there is nothing to compare with."""
STALLED_S = 20.0
"""OHIF has given up when no frame came for so long."""


def measure(folder: Path, exam: OpenExam, study: NewStudy, token: str) -> None:
    """The exam has SLICES slices; `token` is the Authorization header of a machine that may read. Raises Skipped."""
    if not DIST.is_dir():
        raise Skipped("OHIF is missing: run deploy/test-tools.sh")
    with viewer_origin() as origin, cloudfilm(folder, CLOUDFILM_DICOMWEB_ORIGINS=origin.address) as server:
        base = f"http://127.0.0.1:{server.port}"
        origin.in_front_of(f"{base}/dicomweb", token)
        with chromium() as browser:
            cookies = exam.log_in(server.port)
            had: list[int] = []
            sides = {
                "OHIF": lambda _: by_ohif(browser, origin, study, had),
                "ours": lambda _: by_us(browser, base, exam, cookies),
            }
            seen = interleaved(sides, ROUNDS, warm_up=0)
    print(f"  {SLICES} slices on fast 4G: ours {seen.median('ours'):.1f} s, OHIF {seen.median('OHIF'):.1f} s")
    least = "" if min(had) == SLICES else f"at least, for OHIF stopped after {had} frames: "
    print(f"  OHIF / ours {least}{seen.spread('OHIF', 'ours')} (goal 6 x)", flush=True)


def by_us(browser: Browser, base: str, exam: OpenExam, cookies: str) -> float:
    with phone_page(browser, **SCREEN) as page:
        throttled(signed_in(page, base, cookies), FAST_4G, 1)
        started = time.monotonic()
        page.goto(f"{base}/exams/{exam.id}/viewer", wait_until="commit")
        page.wait_for_selector(f'#picture[data-loaded="{SLICES}"]', timeout=PATIENCE_MS)
        return time.monotonic() - started


def by_ohif(browser: Browser, origin: ViewerOrigin, study: NewStudy, had: list[int]) -> float:
    """`had` gets the number of frames that came."""
    context = browser.new_context(viewport=SCREEN["viewport"])
    try:
        page = context.new_page()
        page.goto(origin.address)
        page.wait_for_load_state("networkidle")
        took, frames = until_all_frames(page, f"{origin.address}/viewer?StudyInstanceUIDs={study.uid}")
        had.append(frames)
        return took
    finally:
        context.close()


def until_all_frames(page: Page, address: str) -> tuple[float, int]:
    """Seconds until the last frame's answer is complete, and how many came. Raises RuntimeError when hardly any did."""
    arrived: dict[str, float] = {}

    def note(request: Request) -> None:
        if "/frames/1" in request.url and request.method == "GET":
            arrived.setdefault(request.url, time.monotonic())

    page.on("requestfinished", note)
    throttled(page, FAST_4G, 1)
    started, reader = time.monotonic(), 0
    page.goto(address, wait_until="commit")
    while len(arrived) < SLICES:
        page.wait_for_timeout(50)
        latest = max(arrived.values(), default=started)
        if time.monotonic() - latest > STALLED_S:
            break
        for _ in range(reader, len(arrived) - BEHIND):
            page.keyboard.press("ArrowDown")
        reader = max(reader, len(arrived) - BEHIND)
    if len(arrived) < LEAST:
        raise RuntimeError(f"OHIF fetched {len(arrived)} of {SLICES} frames")
    return max(arrived.values()) - started, len(arrived)

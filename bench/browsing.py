"""A whole stack in Chromium: 500 slices on 20 Mbit/s, for the patient and for a doctor's PC after the hand-over; and
one step of scrolling on slow 4G; then 300 slices beside OHIF (`beside_ohif`). `browser_memory` has what the browser
takes.

The application is real. A slice is there when the viewer can show a picture of it, and it can be scrolled to: the
preview first, the prepared frame where the eye rests. To open a connection costs no extra time on the simulated line.
"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from bench import beside_ohif
from bench.house import OpenExam, bearer, opened, shown_exam, working_folder
from bench.long_study import long_study
from bench.phone_session import PATIENCE_MS, signed_in
from bench.servers import cloudfilm
from bench.skipped import Skipped
from deploy.testbed.phone import CHROMIUM, HOUSE_LINE, chromium, phone_page, throttled

STACK = 500
ROUNDS, STEPS = 5, 30
PC = {"viewport": {"width": 1366, "height": 768}, "has_touch": False, "device_scale_factor": 1}
WATCH = """
  window.bench = {};
  const told = () => {
    const shown = document.getElementById('picture')?.dataset;
    if (!shown) return;
    if (shown.quality) window.bench.first ??= performance.now();
    if (shown.quality === 'full') window.bench.sharp ??= performance.now();
    if (Number(shown.loaded) >= window.slices) window.bench.all ??= performance.now();
  };
  new MutationObserver(told).observe(document, { subtree: true, childList: true, attributes: true,
    attributeFilter: ['data-quality', 'data-loaded'] });
"""
"""`all`: the bar of the viewer shows every slice as loaded."""
STEP = """(key) => new Promise((done) => {
  const [picture, counter] = ['picture', 'counter'].map((id) => document.getElementById(id)), from = performance.now();
  document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  const wanted = counter.textContent.split('/')[0].trim();
  const look = () => {
    const { slice, quality } = picture.dataset;
    if (slice === wanted && quality !== 'near') requestAnimationFrame(() => done(performance.now() - from));
    else setTimeout(look, 4);
  };
  look();
})"""
"""Milliseconds from a key to the paint of the slice that it asks for: its own picture, not that of a neighbour."""


def run() -> None:
    if not CHROMIUM:
        raise Skipped("Chromium is missing: apt-get install chromium")
    with working_folder() as folder:
        with opened(folder) as services:
            exam, _ = shown_exam(services, "BENCH-1", long_study("BENCH-1", slices=STACK))
            smaller, study = shown_exam(services, "BENCH-2", long_study("BENCH-2", slices=beside_ohif.SLICES))
            token = bearer(services, "read")["Authorization"]
        measure(folder, exam)
        beside_ohif.measure(folder, smaller, study, token)


def measure(folder: Path, exam: OpenExam) -> None:
    with cloudfilm(folder) as server, chromium() as browser:
        base = f"http://127.0.0.1:{server.port}"
        cookies = exam.log_in(server.port)
        seen = [whole_stack(browser, base, f"/exams/{exam.id}/viewer", cookies, slower=4) for _ in range(ROUNDS)]
        print_stack("patient, CPU / 4", seen)
        address, guests = handed_over(browser, base, exam, cookies)
        seen = [whole_stack(browser, base, f"{address}/viewer", guests, slower=1, **PC) for _ in range(ROUNDS)]
        print_stack("guest at a PC", seen)
        steps(browser, base, exam, cookies)


def whole_stack(browser: Browser, base: str, path: str, cookies: str, slower: int, **screen: Any) -> dict[str, float]:
    """Seconds from the start of the navigation to the first picture and to all slices, with a cold cache."""
    with phone_page(browser, **screen) as page:
        signed_in(page, base, cookies).add_init_script(f"window.slices = {STACK};{WATCH}")
        throttled(page, HOUSE_LINE, slower).goto(base + path, wait_until="commit")
        page.wait_for_selector(f'#picture[data-loaded="{STACK}"]', timeout=PATIENCE_MS)
        return {name: at / 1000 for name, at in page.evaluate("window.bench").items()}


def print_stack(who: str, seen: list[dict[str, float]]) -> None:
    first, every = ([one[name] for one in seen] for name in ("first", "all"))
    rounds = f"rounds {min(every):.2f} to {max(every):.2f}; goal 5 s; first picture {statistics.median(first):.2f} s"
    print(f"  {STACK} slices on 20 Mbit/s, {who:<18}{statistics.median(every):5.2f} s ({rounds})", flush=True)


def handed_over(browser: Browser, base: str, exam: OpenExam, cookies: str) -> tuple[str, str]:
    """(the guest's address of the exam, its Cookie header), after digits at the PC and a tap on the phone."""
    with phone_page(browser) as phone, phone_page(browser, **PC) as pc:
        signed_in(phone, base, cookies).goto(f"{base}/exams/{exam.id}/hand-over")
        phone.click("button.button--main")
        pc.goto(f"{base}/d")
        pc.fill('input[name="code"]', phone.inner_text('output[name="code"]'))
        pc.click('form[action="/d"] button')
        pc.wait_for_selector('output[name="number"]')
        phone.goto(f"{base}/exams/{exam.id}/hand-over")
        phone.click("button.button--number")
        pc.wait_for_url("**/guest/*", timeout=PATIENCE_MS)
        header = "; ".join(f"{one.get('name')}={one.get('value')}" for one in pc.context.cookies())
        return pc.url.removeprefix(base), header


def steps(browser: Browser, base: str, exam: OpenExam, cookies: str) -> None:
    """The first steps on slow 4G begin when the first slice is sharp, while most slices are still on the line."""
    seen = []
    for _ in range(ROUNDS):
        with phone_page(browser) as page:
            throttled(signed_in(page, base, cookies)).goto(f"{base}/exams/{exam.id}/viewer", wait_until="commit")
            page.wait_for_selector('#picture[data-quality="full"]', timeout=PATIENCE_MS)
            page.wait_for_timeout(1000)
            seen += [float(page.evaluate(STEP, "ArrowDown")) for _ in range(STEPS)]
    ranked = sorted(seen)
    p95 = ranked[int(len(ranked) * 0.95)]
    print(
        f"  step on slow 4G, CPU / 4: median {statistics.median(ranked):.0f} ms, p95 {p95:.0f} ms, "
        f"most {ranked[-1]:.0f} ms (goal 250 ms)",
        flush=True,
    )

"""Seconds until a doctor's PC, which a patient let in, can scroll through all 500 slices of a CT, on 20 Mbit/s.

The pages are a guest's, the browser's cache is empty. Time counts from the navigation to the viewer, which the PC makes
when the patient taps its number. Every request is delayed by 20 ms.
"""

from __future__ import annotations

import io
import statistics
from datetime import timedelta

from playwright.sync_api import Browser
from pydicom import dcmread
from pydicom.uid import generate_uid

from app.bootstrap import Services
from app.models.states import DeviceKind
from app.repos.exams import exams as exam_repo
from app.services.ingest.incoming import IncomingObject
from bench.house import MOST_STEPS, opened, registered, working_folder
from bench.servers import cloudfilm
from bench.skipped import Skipped
from bench.study import new_study
from deploy.testbed.ct import part10
from deploy.testbed.phone import CHROMIUM, chromium

SLICES, ROUNDS, GOAL_S = 500, 5, 5.0
LINE = {"offline": False, "latency": 20, "downloadThroughput": 2_500_000, "uploadThroughput": 1_250_000}
ACCESSION = "HANDOVER1"


def run() -> None:
    if not CHROMIUM:
        raise Skipped("Chromium is missing: apt-get install chromium")
    with working_folder() as folder:
        with opened(folder) as services:
            _exam(services)
            cookies = [_guest(services) for _ in range(ROUNDS)]
        with cloudfilm(folder) as server, chromium() as browser:
            base = f"http://127.0.0.1:{server.port}"
            seen = [_open(browser, base, session, token) for session, token in cookies]
    first, all_of_them = (statistics.median(times) for times in zip(*seen, strict=True))
    print(f"  {first:5.2f} s until the first slice, {all_of_them:.2f} s until all {SLICES} can be scrolled through")
    print(f"  (rounds {min(last for _, last in seen):.2f} to {max(last for _, last in seen):.2f}; goal {GOAL_S} s)")


def _exam(services: Services) -> None:
    """An exam with 500 prepared slices: the study of the benchmarks, one copy of it above the other."""
    registered(services, ACCESSION)
    study, files = new_study(ACCESSION), []
    for number in range(SLICES):
        ds = dcmread(io.BytesIO(study.files[number % len(study.files)]))
        ds.SOPInstanceUID, ds.InstanceNumber = generate_uid(), number + 1
        ds.ImagePositionPatient = [*ds.ImagePositionPatient[:2], -2.0 * number]
        files.append(part10(ds))
    services.ingest.ingest.receive([IncomingObject(io.BytesIO(file)) for file in files], "cli", "bench")
    services.pictures.completion.complete_now(study.uid)
    for _ in range(MOST_STEPS):
        if not (services.worker.run_sweeps() | services.worker.run_job()):
            break


def _guest(services: Services) -> tuple[str, str]:
    """Address and cookie of a session that digits opened."""
    now = services.clock.now()
    with services.db.session() as session:
        exam = exam_repo.exam_by_accession(session, ACCESSION)
        if exam is None:
            raise RuntimeError("the exam was not registered")
        ends_at = now + timedelta(minutes=30)
        row = services.sharing.guests.begin(session, exam, now=now, expires_at=ends_at, device=DeviceKind.WINDOWS)
    return row.id.hex, services.sharing.tokens.issue(row.id)


def _open(browser: Browser, base: str, session: str, token: str) -> tuple[float, float]:
    """Seconds until the first slice is drawn, and until each slice has a picture."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    try:
        context.add_cookies([{"name": "cf-guest", "value": token, "url": base}])
        page = context.new_page()
        line = context.new_cdp_session(page)
        line.send("Network.enable")
        line.send("Network.emulateNetworkConditions", LINE)
        page.goto(f"{base}/guest/{session}/viewer", wait_until="commit")
        page.wait_for_selector("#picture[data-slice]", timeout=60_000)
        first = float(page.evaluate("performance.now()"))
        page.wait_for_function(f"document.getElementById('picture').dataset.loaded === '{SLICES}'", timeout=120_000)
        return first / 1000, float(page.evaluate("performance.now()")) / 1000
    finally:
        context.close()

"""Peak resident memory of web server, worker and decoding children in each phase: it must not grow with a study.

First, 143 slices arrive, are prepared and served. Then 600 MB arrive in one request and are prepared: once as 300
instances, once as one multi-frame object.
"""

from __future__ import annotations

import http.client
import json
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pydicom.uid import generate_uid
from sqlalchemy import func, select

from app.bootstrap import Services
from app.models import Exam, Study
from bench.house import OpenExam, bearer, opened, registered, working_folder
from bench.ingest import Door, requests
from bench.load import fetch_all
from bench.processes import family, is_decoder, peak_mib, reset_peak
from bench.servers import cloudfilm
from bench.study import new_study
from deploy.testbed.ct import ct_file
from deploy.testbed.multipart import BOUNDARY, STOW_TYPE
from deploy.testbed.servers import environment, worker

MIB = 1024 * 1024
INSTANCES, FRAMES = 300, 1200
"""Instances of 2 MiB, and frames of half a MiB: 600 MiB each way."""
PIXEL_HEAD = struct.Struct("<HH2sHI")
"""Tag, VR and length of an element with explicit VR (PS3.5 7.1.2)."""
PATIENCE_S = 180
OPENING = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
CLOSING = f"--{BOUNDARY}--\r\n".encode()


def run() -> None:
    with working_folder() as folder:
        measure(folder)


def measure(folder: Path) -> None:
    with opened(folder) as services:
        exam = registered(services, "BENCH-1")
        token = bearer(services, "upload")
        study = new_study("BENCH-1")
        quick = environment(folder) | {"CLOUDFILM_QUIET_PERIOD_S": "1"}
        with cloudfilm(folder) as web, worker(folder, quick) as preparing:
            watch = Watch(web.pid, preparing.process.pid)
            door = Door(web.port, "/dicomweb/studies", token)
            print(f"  {'peak resident MiB':<44}{'web':>6}{'worker':>8}{'decoders, each at most':>24}")
            watch.phase("started", lambda: fetch_all(web.port, ["/readyz"]))
            watch.phase("143 slices arrive (27 MB)", lambda: door.send(list(requests(study.files, 143))))
            watch.phase("they are prepared", lambda: wait_until_prepared(services, 1, released=1))
            watch.phase("all frames, 40 new windows, images.zip", lambda: look_at(web.port, exam))
            watch.phase("cuts in three planes, a turntable", lambda: look_through(web.port, exam))
            watch.phase(
                "300 instances of 2 MiB in one request", lambda: stream(web.port, token, instances(), INSTANCES)
            )
            watch.phase("they are prepared", lambda: wait_until_prepared(services, 2))
            watch.phase("one object of 1200 frames, 600 MiB", lambda: stream(web.port, token, multi_frame(), 1))
            watch.phase("it is prepared", lambda: wait_until_prepared(services, 3))


class Watch:
    """Runs phases and prints the peak memory of each phase."""

    def __init__(self, web: int, worker: int) -> None:
        self._roots = (web, worker)

    def phase(self, name: str, action: Callable[[], object]) -> None:
        for root in self._roots:
            for pid in family(root):
                reset_peak(pid)
        action()
        members = [family(root) for root in self._roots]
        servers = [max(peak_mib(pid) for pid in pids if not is_decoder(pid)) for pids in members]
        decoders = max((peak_mib(pid) for pids in members for pid in pids if is_decoder(pid)), default=0.0)
        print(f"  {name:<44}{servers[0]:6.0f}{servers[1]:8.0f}{decoders:24.0f}")


def wait_until_prepared(services: Services, studies: int, released: int = 0) -> None:
    """Wait until so many studies are prepared, and so many of their exams are released."""
    until = time.monotonic() + PATIENCE_S
    prepared = select(func.count()).select_from(Study).where(Study.prepared_revision == Study.revision)
    shown = select(func.count()).select_from(Exam).where(Exam.images_released_at.is_not(None))
    while time.monotonic() < until:
        with services.db.read() as session:
            if session.scalar(prepared) == studies and (session.scalar(shown) or 0) >= released:
                return
        time.sleep(0.2)
    raise RuntimeError(f"{studies} studies were not prepared within {PATIENCE_S} s")


def look_at(port: int, exam: OpenExam) -> None:
    cookies = exam.log_in(port)
    base = f"/exams/{exam.id}"
    frames = [f"{base}/series/1/frames/{k}.jpg" for k in range(1, 144)]
    windows = [f"{base}/series/1/frames/{k}.jpg?wc=40&ww={400 + k}" for k in range(1, 41)]
    fetch_all(port, frames + windows, f"Cookie: {cookies}\r\n", connections=4)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", f"{base}/images.zip", headers={"Cookie": cookies})
    answer = connection.getresponse()
    while answer.read(MIB):
        pass
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"images.zip was answered {answer.status}")


def look_through(port: int, exam: OpenExam) -> None:
    series = f"/exams/{exam.id}/series/1"
    cuts = [f"{series}/mpr/{plane}/{k}.jpg" for plane in ("axial", "coronal", "sagittal") for k in range(50, 90)]
    turned = [f"{series}/turntable/{k}.jpg" for k in range(1, 37)]
    fetch_all(port, cuts + turned, f"Cookie: {exam.log_in(port)}\r\n", connections=2)


def stream(port: int, token: dict[str, str], content: Iterator[bytes], expected: int) -> None:
    """Send one chunked STOW-RS request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    headers = {"Content-Type": STOW_TYPE, **token}
    connection.request("POST", "/dicomweb/studies", content, headers, encode_chunked=True)
    answer = connection.getresponse()
    stored = json.loads(answer.read()).get("00081199", {}).get("Value", [])
    connection.close()
    if len(stored) != expected:
        raise RuntimeError(f"{len(stored)} of {expected} instances were stored")


def instances() -> Iterator[bytes]:
    """INSTANCES slices of 1024², uncompressed, in one series."""
    uids = {"StudyInstanceUID": generate_uid(), "SeriesInstanceUID": generate_uid()}
    pixels = bytes(range(256)) * (2 * MIB // 256)
    for number in range(INSTANCES):
        yield OPENING
        yield ct_file(**uids, InstanceNumber=number + 1, Rows=1024, Columns=1024, PixelData=pixels)
        yield b"\r\n"
    yield CLOSING


def multi_frame() -> Iterator[bytes]:
    """One object of FRAMES frames of 512², uncompressed; its pixel element is never in memory as a whole."""
    frame = bytes(range(256)) * (512 * 512 * 2 // 256)
    one = ct_file(Rows=512, Columns=512, NumberOfFrames=FRAMES, PixelData=frame)
    yield OPENING + one[: -len(frame) - PIXEL_HEAD.size]
    yield PIXEL_HEAD.pack(0x7FE0, 0x0010, b"OW", 0, FRAMES * len(frame))
    for _ in range(FRAMES):
        yield frame
    yield b"\r\n" + CLOSING

"""What downloads cost the others: how long patients wait for frames beside as many downloads as there are places, and
how much memory these take. Client and server share the machine.
"""

from __future__ import annotations

import http.client
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.house import OpenExam, opened, shown_exam, working_folder
from bench.load import Connection
from bench.long_study import long_study
from bench.processes import family, peak_mib, reset_peak
from bench.rounds import interleaved
from bench.servers import cloudfilm

ROUNDS = 5
FRAMES, PAUSE_S = 100, 0.02
DOWNLOADS = 2
"""As shipped a process lets two at a time: one of each exam."""
MIB = 1 << 20


def run() -> None:
    with working_folder() as folder:
        measure(folder)


def measure(folder: Path) -> None:
    with opened(folder) as services:
        exams = [shown_exam(services, name, long_study(name, "raw"))[0] for name in ("BENCH-1", "BENCH-2")]
    with cloudfilm(folder) as server:
        cookies = [exam.log_in(server.port) for exam in exams]
        viewer = exams[0].log_in(server.port)

        def alone(_: int) -> float:
            return p95_of_frames(server.port, exams[0], viewer)

        def beside(_: int) -> float:
            with downloading(server.port, exams, cookies):
                return p95_of_frames(server.port, exams[0], viewer)

        for pid in family(server.pid):
            reset_peak(pid)
        before = max(map(peak_mib, family(server.pid)))
        seen = interleaved({"alone": alone, "beside": beside}, ROUNDS)
        peak = max(map(peak_mib, family(server.pid)))
    print(
        f"  p95 of frames {1000 * seen.median('alone'):.1f} ms, beside {DOWNLOADS} downloads of 158 MB without end "
        f"{1000 * seen.median('beside'):.1f} ms: {seen.spread('beside', 'alone')}"
    )
    print(f"  the server's peak memory {before:.0f} MiB before, {peak:.0f} MiB after")


def p95_of_frames(port: int, exam: OpenExam, cookie: str) -> float:
    """Of a patient who scrolls."""
    line, took = Connection(port, f"Cookie: {cookie}\r\n"), []
    for k in range(1, 1 + FRAMES):
        started = time.perf_counter()
        line.ask(f"/exams/{exam.id}/series/1/frames/{k}.jpg")
        line.answer()
        took.append(time.perf_counter() - started)
        time.sleep(PAUSE_S)
    line.close()
    return statistics.quantiles(took, n=20)[-1]


@contextmanager
def downloading(port: int, exams: list[OpenExam], cookies: list[str]) -> Iterator[None]:
    """One download of each exam after the other until the block ends; it is not over before each began."""
    over, began = threading.Event(), threading.Barrier(1 + len(exams), timeout=60)

    def download(exam: OpenExam, cookie: str) -> None:
        is_first = True
        while not over.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", f"/exams/{exam.id}/dicom.zip", headers={"Cookie": cookie})
            answer = connection.getresponse()
            if answer.status == 503:  # the place of the one before is not free yet
                connection.close()
                time.sleep(PAUSE_S)
                continue
            if answer.status != 200:
                raise RuntimeError(f"a download was answered {answer.status}")
            while not over.is_set() and answer.read(MIB):
                if is_first:
                    began.wait()
                    is_first = False
            connection.close()

    threads = [threading.Thread(target=download, args=each) for each in zip(exams, cookies, strict=True)]
    for thread in threads:
        thread.start()
    try:
        began.wait()
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()

"""Cuts (MPR) and turntables of a volume of 300 slices of 512², over HTTP, as a phone asks for them.

First cut: the volume is in no memory. The server keeps one such volume, and three exams take turns: of a raw and a
JPEG 2000 study, and of a JPEG-LS study without working copies. Then once more of the latter, with copies. Warm cuts:
eight patients, each of whom asks for the next cut a while after the last came. Client and server share the machine.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from bench.house import OpenExam, opened, shown_exam, work_off, working_folder
from bench.load import Connection, fetch_all
from bench.long_study import SLICES, SYNTAXES, long_study
from bench.processes import processor_s
from bench.rounds import seconds
from bench.servers import cloudfilm

ROUNDS = 5
USERS, CUTS, PAUSE_S = 8, 60, 0.1
"""A finger on the screen asks for ten cuts a second at most: the viewer waits for one before it asks for the next."""
PLANES = {"axial": SLICES, "coronal": 500, "sagittal": 500}
ONE_VOLUME = {"CLOUDFILM_VOLUME_MEMORY_MIB": "256"}
"""A process that keeps no second volume of 157 MB, so that each first cut is one."""
LOOKS = ("bone", "vessels", "lung", "skin")
FIRST_GOAL_S, P95_GOAL_MS, TURN_GOAL_S = 1.0, 30.0, 4.0


def run() -> None:
    with working_folder() as folder:
        measure(folder)


def measure(folder: Path) -> None:
    with opened(folder) as services:
        exams = [shown_exam(services, f"B-{at}", long_study(f"B-{at}", name))[0] for at, name in enumerate(SYNTAXES)]
    with cloudfilm(folder, **ONE_VOLUME) as server:
        headers = [f"Cookie: {exam.log_in(server.port)}\r\n" for exam in exams]
        first_cuts(server.port, exams[:2], headers[:2], 1)  # starts the decoding children
        for name, took in zip(SYNTAXES, first_cuts(server.port, exams, headers, ROUNDS), strict=True):
            print(f"  first cut of a cold volume of {SLICES} slices, {name}, {shown(took, 's')}; goal {FIRST_GOAL_S} s")
        with opened(folder) as services:
            work_off(services)
        took = first_cuts(server.port, exams[:2], headers[:2], ROUNDS)[1]
        print(f"  the same of JPEG-LS with working copies, {shown(took, 's')}")
        users = [f"Cookie: {exams[0].log_in(server.port)}\r\n" for _ in range(USERS)]
        fetch_all(server.port, [f"/exams/{exams[0].id}/series/1/mpr/coronal/1.jpg"], users[0])
        for kind, query in (("thin", ""), ("slab of 10 mm, greatest value", "?slab=10&mode=mip")):
            for users_now, pause in ((1, 0.0), (USERS, PAUSE_S), (USERS, 0.0)):
                before = processor_s(server.pid)
                took = warm_cuts(server.port, exams[0], users[:users_now], query, pause)
                used = 1000 * (processor_s(server.pid) - before) / len(took)
                median, p95 = 1000 * statistics.median(took), 1000 * statistics.quantiles(took, n=20)[-1]
                print(
                    f"  warm cuts, {kind}, {users_now} users, {pause} s between: {median:.1f} ms median, "
                    f"{p95:.1f} ms p95 (goal {P95_GOAL_MS:.0f}), {used:.1f} ms of processor time a cut"
                )
        turned = [turntable(server.port, exams[0], headers[0], look) for look in LOOKS]
        print(f"  turntable of 36, four looks, two connections {shown(turned, 's')}; goal {TURN_GOAL_S} s")


def shown(values: list[float], unit: str) -> str:
    return f"{statistics.median(values):.2f} {unit} ({min(values):.2f} to {max(values):.2f})"


def first_cuts(port: int, exams: list[OpenExam], headers: list[str], rounds: int) -> list[list[float]]:
    """Seconds of each round, for each exam. Each needs the room of the one before."""
    took: list[list[float]] = [[] for _ in exams]
    for _ in range(rounds):
        for exam, header, seen in zip(exams, headers, took, strict=True):
            path = f"/exams/{exam.id}/series/1/mpr/coronal/{SLICES // 2}.jpg"
            seen.append(seconds(lambda path=path, header=header: fetch_all(port, [path], header)))
    return took


def paths_of(exam: OpenExam, query: str, user: int) -> Iterator[str]:
    for step in count(1):
        plane = list(PLANES)[(user + step // 10) % len(PLANES)]
        k = 1 + (37 * user + step) % (PLANES[plane] // 2) + PLANES[plane] // 4
        yield f"/exams/{exam.id}/series/1/mpr/{plane}/{k}.jpg{query}"


def warm_cuts(port: int, exam: OpenExam, users: list[str], query: str, pause_s: float) -> list[float]:
    """Seconds of every cut of all users. Raises RuntimeError when one was refused."""
    took: list[float] = []

    def one(number: int, header: str) -> None:
        line, paths = Connection(port, header), paths_of(exam, query, number)
        for _ in range(CUTS):
            started, path = time.perf_counter(), next(paths)
            line.ask(path)
            line.answer()
            took.append(time.perf_counter() - started)
            time.sleep(pause_s)
        line.close()

    threads = [threading.Thread(target=one, args=(number, header)) for number, header in enumerate(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(took) < len(users) * CUTS:
        raise RuntimeError("some cuts did not come")
    return took


def turntable(port: int, exam: OpenExam, header: str, look: str) -> float:
    paths = [f"/exams/{exam.id}/series/1/turntable/{k}.jpg?preset={look}" for k in range(1, 37)]
    return seconds(lambda: fetch_all(port, paths, header, connections=2))

"""`python -m tests.soak pictures [minutes]`: 32 phones scroll, change windows and cut, while studies arrive and are
prepared, on gunicorn and a worker as shipped. 20 minutes by default.

Exit 1 when an answer was an error, the memory of a server grows, or the 99th of 100 frames takes longer than the goal.
Phones, sender, server and worker share the machine. What a phone does is in `phones`.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.house import bearer, opened, shown_exam, working_folder
from bench.ingest import Door, requests
from bench.processes import family, resident_mib
from bench.servers import cloudfilm
from bench.skipped import Skipped
from bench.study import new_study
from deploy.testbed.servers import environment, worker
from tests.soak.phones import Phones, Seen

MINUTES = 20.0
EXAMS, PHONES = 8, 32
ARRIVAL_S, LOOK_S = 30.0, 5.0
GOAL_P99_S = 0.25
MOST_GROWTH = 1.10
"""The last quarter's memory beside the second one's: the first fills caches."""


def main(words: Sequence[str]) -> int:
    """The exit status: 1 when the run found a fault."""
    minutes = float(words[0]) if words else MINUTES
    try:
        with working_folder() as folder:
            faults = soak(folder, 60 * minutes)
    except Skipped as lacking:
        print(f"skipped: {lacking}")
        return 0
    for fault in faults:
        print(f"  FAULT: {fault}")
    return int(bool(faults))


def soak(folder: Path, lasting_s: float) -> list[str]:
    with opened(folder) as services:
        exams = [shown_exam(services, f"SOAK-{number}")[0] for number in range(EXAMS)]
        token = bearer(services, "upload")
    quick = environment(folder) | {"CLOUDFILM_QUIET_PERIOD_S": "1"}
    with cloudfilm(folder) as web, worker(folder, quick) as preparing:
        phones = Phones(web.port, [(exam.id, exam.log_in(web.port)) for exam in exams for _ in range(PHONES // EXAMS)])
        sender = multiprocessing.get_context("spawn").Process(target=send, args=(web.port, token, lasting_s))
        sender.start()
        memory: list[tuple[float, float]] = []
        with phones.at_work() as seen:
            until = time.monotonic() + lasting_s
            while time.monotonic() < until:
                time.sleep(LOOK_S)
                memory.append((resident(web.pid), resident(preparing.process.pid)))
        sender.join()
    tell(seen, memory)
    found = faults_of(seen, memory)
    return found if sender.exitcode == 0 else [*found, "a study was refused"]


def send(port: int, token: dict[str, str], lasting_s: float) -> None:
    """One study of 143 slices after another. In a process of its own: making one would hold up the phones."""
    until, number = time.monotonic() + lasting_s, 0
    while time.monotonic() < until:
        number += 1
        files = new_study(f"ARRIVED-{number}").files
        if Door(port, "/dicomweb/studies", token).send(list(requests(files, 20))) != len(files):
            sys.exit(1)
        time.sleep(ARRIVAL_S)


def resident(root: int) -> float:
    """MiB of a server and its children."""
    return sum(map(resident_mib, family(root)))


def quarter(values: Sequence[float], number: int) -> float:
    """The mean of a quarter of the run, from 0."""
    size = max(1, len(values) // 4)
    part = values[number * size : (number + 1) * size] or values[-1:]
    return sum(part) / len(part)


def tell(seen: Seen, memory: list[tuple[float, float]]) -> None:
    for kind, took in sorted(seen.took.items()):
        print(f"  {kind:<10}{len(took):7} answers, median {1000 * seen.at(kind, 0.5):5.0f} ms, ", end="")
        print(
            f"p95 {1000 * seen.at(kind, 0.95):5.0f}, p99 {1000 * seen.at(kind, 0.99):5.0f}, longest {max(took):.2f} s"
        )
    print(f"  errors {sum(seen.errors.values())} {dict(seen.errors)}, asked to come again {seen.busy}")
    for name, values in zip(("web", "worker"), zip(*memory, strict=True), strict=True):
        quarters = ", ".join(f"{quarter(values, number):.0f}" for number in range(4))
        print(f"  {name} with its children: MiB in each quarter {quarters}; most {max(values):.0f}")


def faults_of(seen: Seen, memory: list[tuple[float, float]]) -> list[str]:
    found = [f"{count} answers were {what}" for what, count in seen.errors.items()]
    for kind in ("frame", "window"):
        if seen.at(kind, 0.99) > GOAL_P99_S:
            found.append(f"the 99th of 100 of kind {kind} took {seen.at(kind, 0.99):.3f} s")
    for name, values in zip(("web", "worker"), zip(*memory, strict=True), strict=True):
        if quarter(values, 3) > MOST_GROWTH * quarter(values, 1):
            found.append(f"the memory of {name} grows")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

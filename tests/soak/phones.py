"""Phones that look at exams as the viewer has them do, for `tests.soak.pictures`: they scroll, change the window, cut,
and pause as people do. What is counted, and when it is a fault, is in `pictures`.
"""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

SLICES = 143
PLANES = {"axial": SLICES, "coronal": 400, "sagittal": 400}
SCROLLED, WINDOWED, CUT = 40, 10, 10
"""Pictures of a phone in one go: it scrolls, changes the window of what it sees, cuts, rests."""
STEP_S, REST_S = 0.2, 3.0
TRIES, FIRST_WAIT_S, LONGEST_WAIT_S = 6, 0.5, 8.0
"""As the viewer has them (viewer_static/viewer/loading/api.js)."""
TIME_LIMIT_S = 60


@dataclass
class Seen:
    """`took`: seconds of each picture by kind, with all its tries. `busy`: answers that asked to come again."""

    took: dict[str, list[float]] = field(default_factory=lambda: {"frame": [], "window": [], "cut": []})
    errors: Counter[str] = field(default_factory=Counter)
    busy: int = 0

    def at(self, kind: str, share: float) -> float:
        """The time that so large a share did not exceed."""
        took = sorted(self.took[kind])
        return took[min(len(took) - 1, int(len(took) * share))] if took else float("inf")


@dataclass(frozen=True)
class Phones:
    """`owners`: exam and Cookie header of each phone."""

    port: int
    owners: Sequence[tuple[str, str]]

    @contextmanager
    def at_work(self) -> Iterator[Seen]:
        """All of them until the block ends."""
        seen, over = Seen(), threading.Event()
        threads = [
            threading.Thread(target=self._one, args=(number, *owner, seen, over))
            for number, owner in enumerate(self.owners)
        ]
        for thread in threads:
            thread.start()
        try:
            yield seen
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def _one(self, number: int, exam: str, cookie: str, seen: Seen, over: threading.Event) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIME_LIMIT_S)
        over.wait(REST_S * number / len(self.owners))  # people do not begin together
        for kind, path in paths(f"/exams/{exam}/series/1", Random(number)):
            if over.wait(REST_S if kind == "rest" else STEP_S):
                break
            if kind != "rest":
                _picture(connection, path, cookie, kind, seen)
        connection.close()


def _picture(connection: http.client.HTTPConnection, path: str, cookie: str, kind: str, seen: Seen) -> None:
    """Ask as the viewer does: again after a while where the server says so."""
    started = time.perf_counter()
    for attempt in range(TRIES):
        try:
            connection.request("GET", path, headers={"Cookie": cookie})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            seen.errors[type(error).__name__] += 1
            connection.close()
            return
        if answer.status != 503:
            break
        seen.busy += 1
        time.sleep(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt))
    if answer.status == 200 and body[:2] == b"\xff\xd8":
        seen.took[kind].append(time.perf_counter() - started)
    else:
        seen.errors[f"{answer.status} for a {kind}"] += 1


def paths(series: str, random: Random) -> Iterator[tuple[str, str]]:
    """What one phone asks for, without end: (kind, address), or ("rest", "")."""
    for _ in itertools.count():
        first = random.randint(1, SLICES)
        for step in range(SCROLLED):
            yield "frame", f"{series}/frames/{1 + (first + step) % SLICES}.jpg"
        k = 1 + (first + SCROLLED) % SLICES
        for step in range(WINDOWED):
            yield "window", f"{series}/frames/{k}.jpg?wc={random.randint(-600, 400)}&ww={random.randint(80, 2000)}"
            k = 1 + k % SLICES if step % 3 == 2 else k
        plane = random.choice(list(PLANES))
        first = PLANES[plane] // 4 + random.randint(0, PLANES[plane] // 4)
        slab = random.choice(["", "?slab=10&mode=mip"])
        for step in range(CUT):
            yield "cut", f"{series}/mpr/{plane}/{first + step}.jpg{slab}"
        yield "rest", ""

"""Compares prepared frames, sealed and session-checked, with a bare Flask view of the same bytes in the same gunicorn.

It uses one connection, like one patient's browser, and eight connections, like several browsers together. In production
we log each request. So both sides are also measured with and without a log line (for the bare view, gunicorn's access
log).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bench.house import opened, shown_exam, working_folder
from bench.load import fetch_all
from bench.rounds import interleaved, seconds
from bench.servers import bare_view, cloudfilm

ROUNDS = 11
REQUESTS = 429
CONNECTIONS = (1, 8)
GOAL = 0.60


def run() -> None:
    with working_folder() as folder:
        measure(folder)


def measure(folder: Path) -> None:
    with opened(folder) as services:
        exam, _ = shown_exam(services)
    slices = [1 + number % 143 for number in range(REQUESTS)]
    our_paths = [f"/exams/{exam.id}/series/1/frames/{k}.jpg" for k in slices]
    bare_paths = [f"/frames/{k}.jpg" for k in slices]
    with cloudfilm(folder) as ours, cloudfilm(folder, CLOUDFILM_LOG_LEVEL="warning") as silent:
        cookie = f"Cookie: {exam.log_in(ours.port)}\r\n"
        frames = fetch_all(ours.port, our_paths[:143], cookie)
        pictures, log = saved(frames, folder / "pictures"), str(folder / "access.log")
        with bare_view(folder, pictures) as bare, bare_view(folder, pictures, "--access-logfile", log) as telling:
            if fetch_all(bare.port, bare_paths[:143]) != frames:
                raise RuntimeError("the two servers do not give the same bytes")
            print(f"  143 frames of {len(b''.join(frames)) // 143} bytes, medians of {ROUNDS} interleaved rounds")
            for connections in CONNECTIONS:
                compare(
                    connections,
                    ours=partial(rate, ours.port, our_paths, cookie, connections),
                    bare=partial(rate, bare.port, bare_paths, "", connections),
                    silent=partial(rate, silent.port, our_paths, cookie, connections),
                    telling=partial(rate, telling.port, bare_paths, "", connections),
                )


def compare(connections: int, **sides: partial[float]) -> None:
    seen = interleaved(sides, ROUNDS)
    print(f"  {connections} at a time: ours {seen.median('ours'):.0f}/s, bare view {seen.median('bare'):.0f}/s")
    print(f"    as production logs, beside the bare view without a log {seen.spread('ours', 'bare')}; goal {GOAL} x")
    print(f"    both with a log line a request                         {seen.spread('ours', 'telling')}")
    print(f"    both without                                           {seen.spread('silent', 'bare')}")


def rate(port: int, paths: list[str], header: str, connections: int, _round: int) -> float:
    """The number of pictures a second."""
    return len(paths) / seconds(lambda: fetch_all(port, paths, header, connections))


def saved(frames: list[bytes], folder: Path) -> Path:
    folder.mkdir()
    for k, frame in enumerate(frames, 1):
        (folder / f"{k}.jpg").write_bytes(frame)
    return folder

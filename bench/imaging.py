"""What pictures cost: each stage of a CT slice, a new window through the sandbox, 143 slices prepared on one core.

`python -m bench.imaging [folder of a CT series]`. Medians of interleaved rounds: a machine that changes its speed
changes it for both sides of a ratio.
"""

from __future__ import annotations

import io
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from app.imaging.decode import Pixels, decode_frame
from app.imaging.encode import encode, fit
from app.imaging.frame_index import FrameIndex
from app.imaging.header import ImageHeader
from app.imaging.part10 import parse
from app.imaging.sandbox import RenderPool, RenderSpec, RenderTask
from app.imaging.window import Shown, Window, to_display

ROUNDS = 7
SLICES_A_ROUND = 12
FOLDER = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "ct-chest-nlst-101287"
PREVIEW = RenderSpec(longest=256, quality=75, max_bytes=10_240)
FULL = RenderSpec(longest=1024, quality=85)
MEMORY_LIMIT_BYTES = 2 << 30

Slice = tuple[Path, ImageHeader, FrameIndex]


def slices_of(folder: Path) -> list[Slice]:
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".txt"):
        parsed = parse(io.BytesIO(path.read_bytes()))
        if parsed.header is not None and parsed.frames is not None:
            found.append((path, parsed.header, parsed.frames))
    return found


def read(piece: Slice) -> bytes:
    path, _, frames = piece
    with path.open("rb") as file:
        data = []
        for start, length in frames.pieces(0):
            file.seek(start)
            data.append(file.read(length))
    return b"".join(data)


def new_windows() -> Iterator[Window]:
    """Never the same twice, as a finger on the screen makes them."""
    step = 0
    while True:
        step += 1
        yield Window(40 + step % 97, 400 + step)


def stages(slices: list[Slice]) -> dict[str, float]:
    """Milliseconds a slice, median of the rounds."""
    windows = new_windows()
    spent: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[[], object]) -> None:
        started = time.perf_counter()
        work()
        spent.setdefault(name, []).append((time.perf_counter() - started) * 1000)

    for number in range(ROUNDS * SLICES_A_ROUND):
        piece = slices[number * 5 % len(slices)]
        header, raw, frame = piece[1], piece[0].read_bytes(), read(piece)
        pixels: Pixels = decode_frame(header, frame)
        shown: Shown = to_display(pixels, header)
        preview = fit(shown, 256)
        timed("parse header (at ingest only)", lambda raw=raw: parse(io.BytesIO(raw)))
        timed("read frame", lambda piece=piece: read(piece))
        timed("decode", lambda header=header, frame=frame: decode_frame(header, frame))
        timed("window, known", lambda pixels=pixels, header=header: to_display(pixels, header))
        timed("window, new", lambda pixels=pixels, header=header: to_display(pixels, header, next(windows)))
        timed("encode 512 px q85", lambda shown=shown: encode(shown, "jpg", 85))
        timed("shrink to 256 px", lambda shown=shown: fit(shown, 256))
        timed("encode 256 px q75", lambda preview=preview: encode(preview, "jpg", 75))
    return {name: statistics.median(values) for name, values in spent.items()}


def rewindow(slices: list[Slice], pool: RenderPool) -> tuple[float, float]:
    """ms for one frame under a new window: (through the sandbox, pure window + JPEG in memory)."""
    piece = slices[len(slices) // 2]
    header, pixels, windows = piece[1], decode_frame(piece[1], read(piece)), new_windows()
    sandboxed, pure = [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(SLICES_A_ROUND):
            task = RenderTask(header, lambda: read(piece), 0, (RenderSpec(window=next(windows)),), "the frame")
            pool.render(task)
        sandboxed.append((time.perf_counter() - started) / SLICES_A_ROUND * 1000)
        started = time.perf_counter()
        for _ in range(SLICES_A_ROUND):
            encode(to_display(pixels, header, next(windows)), "jpg", 85)
        pure.append((time.perf_counter() - started) / SLICES_A_ROUND * 1000)
    return statistics.median(sandboxed), statistics.median(pure)


def prepare(slices: list[Slice], pool: RenderPool) -> tuple[float, int, int]:
    """Seconds for preview and full frame of every slice; largest preview and all full frames in bytes."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        done = list(pool.render_all(RenderTask(piece[1], read(piece), 0, (PREVIEW, FULL)) for piece in slices))
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), max(len(small) for small, _ in done), sum(len(full) for _, full in done)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    slices = slices_of(folder) if folder.is_dir() else []
    if not slices:
        print(f"imaging: skipped, no images in {folder}")
        return
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"imaging: {len(slices)} slices, one core, medians of {ROUNDS} rounds")
    for name, milliseconds in stages(slices).items():
        print(f"  {name:<32}{milliseconds:8.3f} ms a slice")
    with RenderPool(workers=1, time_limit_s=20, memory_limit_bytes=MEMORY_LIMIT_BYTES) as pool:
        sandboxed, pure = rewindow(slices, pool)
        share = f"{pure / sandboxed:.0%} of the speed of window and JPEG in memory ({pure:.3f} ms; goal 60%)"
        print(f"  new window through the sandbox  {sandboxed:8.3f} ms: {share}")
        seconds, largest, total = prepare(slices, pool)
        print(f"  all slices prepared             {seconds:8.3f} s for {len(slices)} (goal 2.5 s for 143)")
        print(
            f"  largest preview {largest} bytes (at most 10240), full frames {total / len(slices) / 1000:.1f} kB each"
        )


if __name__ == "__main__":
    main()

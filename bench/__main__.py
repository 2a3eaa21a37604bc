"""`make bench`, `python -m bench [name ...]`: all benchmarks or the named ones. What they say: docs/performance.md."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from bench import first_image, frames, ingest, memory, preparing, rendering, stages
from bench.skipped import Skipped

# Ingest first: for some minutes after many files were deleted ext4 finds free inodes slowly (0.6 ms instead of 0.05),
# and these benchmarks delete what they made.
BENCHMARKS: dict[str, Callable[[], None]] = {
    "ingest": ingest.run,
    "frames": frames.run,
    "rendering": rendering.run,
    "preparing": preparing.run,
    "stages": stages.run,
    "first_image": first_image.run,
    "memory": memory.run,
}


def main(names: list[str]) -> int:
    """The exit status: 2 when a name is unknown."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    # Neighbours slow both sides of a ratio, but not always alike: what counts is taken on a quiet machine.
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name in names or BENCHMARKS:
        print(name, flush=True)
        started = time.monotonic()
        try:
            BENCHMARKS[name]()
        except Skipped as lacking:
            print(f"  skipped: {lacking}")
        print(f"  ({time.monotonic() - started:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

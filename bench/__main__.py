"""`make bench`, `python -m bench [name ...]`: runs all benchmarks or the named benchmarks. docs/performance.md has the
results.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from bench import (
    browser_memory,
    browsing,
    cuts,
    downloads,
    exam_cost,
    exam_list,
    first_image,
    formats,
    frames,
    growth,
    ingest,
    memory,
    opens,
    outbox,
    preparing,
    rendering,
    stages,
)
from bench.dicomweb_checks import run as dicomweb_checks
from bench.skipped import Skipped

# Ingest runs first. For some minutes after many files are deleted, ext4 finds free inodes slowly (0.6 ms instead of
# 0.05), and each benchmark deletes its files.
BENCHMARKS: dict[str, Callable[[], None]] = {
    "ingest": ingest.run,
    "frames": frames.run,
    "rendering": rendering.run,
    "preparing": preparing.run,
    "exam_cost": exam_cost.run,
    "cuts": cuts.run,
    "stages": stages.run,
    "downloads": downloads.run,
    "formats": formats.run,
    "first_image": first_image.run,
    "browsing": browsing.run,
    "browser_memory": browser_memory.run,
    "memory": memory.run,
    "dicomweb": dicomweb_checks.run,
    "outbox": outbox.run,
    "growth": growth.run,
    "opens": opens.run,
    "exam_list": exam_list.run,
}


def main(names: list[str]) -> int:
    """Run the benchmarks; returns the exit status, which is 2 when a name is unknown."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    # Other programs slow both sides of a ratio, but not always equally. Figures that count need a quiet machine.
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

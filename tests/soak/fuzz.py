"""`python -m tests.soak fuzz [parser] [minutes]`: bytes guided by coverage (atheris) for every parser, or for one.

Each parser runs in processes of its own (`fuzzed`), one after the other until the time is over. It begins with its
seeds and what earlier runs found worth keeping in var/soak/fuzz, and fails for an unforeseen error, for an input
that takes longer than HANG_S, and for memory that grows while kept and changed inputs are read. What fails is kept in
var/soak/fuzz/<parser>/failed: put it into tests/soak/found, where the fast tests read it, and mend the parser.
"""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.testbed.processes import ROOT
from tests.factories.fuzzed_parsers import PARSERS

KEPT = ROOT / "var" / "soak" / "fuzz"
FOUND = ROOT / "tests" / "soak" / "found"
MINUTES = 10.0
HANG_S = 5


def main(words: Sequence[str]) -> int:
    """The exit status: 1 when a parser failed, 2 when there is no such parser."""
    names = [word for word in words if not _is_number(word)]
    minutes = next((float(word) for word in words if _is_number(word)), MINUTES)
    if unknown := set(names) - set(PARSERS):
        print(f"no parser {', '.join(sorted(unknown))}; there are {', '.join(PARSERS)}", file=sys.stderr)
        return 2
    if importlib.util.find_spec("atheris") is None:
        print("skipped: atheris is not here, it has no wheels for this machine")
        return 0
    failed = [name for name in names or PARSERS if not _is_clean(name, minutes)]
    print(f"parsers with faults: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


def _is_clean(name: str, minutes: float) -> bool:
    inputs, failures = KEPT / name / "inputs", KEPT / name / "failed"
    inputs.mkdir(parents=True, exist_ok=True)
    failures.mkdir(exist_ok=True)
    for data in [*PARSERS[name].seeds(), *(path.read_bytes() for path in (FOUND / name).glob("*"))]:
        (inputs / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    known = set(failures.iterdir())
    with (KEPT / name / "log").open("w") as log:
        searched = _search(log, name, inputs, failures, minutes)
        again = _run(log, "again", name, inputs)
    new = sorted(path.name for path in set(failures.iterdir()) - known)
    lines = (KEPT / name / "log").read_text(errors="replace").splitlines()
    runs = sum(int(line.split()[-1]) for line in lines if line.startswith("stat::number_of_executed_units"))
    growth = next((line for line in reversed(lines) if line.startswith("growth")), "growth: unknown")
    print(f"{name}: {runs} inputs, {len(list(inputs.iterdir()))} kept, {growth}, failed: {new or 'none'}", flush=True)
    return not new and searched == again == 0


def _search(log: object, name: str, inputs: Path, failures: Path, minutes: float) -> int:
    """The worst exit status; the first fault ends the search."""
    until = time.monotonic() + minutes * 60
    status = 0
    while status == 0 and (left_s := until - time.monotonic()) >= 1:
        status = _run(log, "search", name, inputs, failures, int(left_s), HANG_S)
    return status


def _run(log: object, *words: object) -> int:
    command = [sys.executable, "-m", "tests.soak.fuzzed", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, check=False).returncode  # type: ignore[call-overload]


def _is_number(word: str) -> bool:
    return word.replace(".", "", 1).isdigit()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

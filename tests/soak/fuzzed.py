"""One parser under one fuzzer, in a process that may die of it. `fuzz` starts it and reads what it prints.

`search PARSER INPUTS FAILURES SECONDS HANG_S` looks for new inputs. `again PARSER INPUTS` reads the kept ones over and
over, changed anew each time, without the fuzzer, and prints by how much the process grew meanwhile.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import random
import sys
from pathlib import Path

MIB = 1024 * 1024
WARM_UP, ROUNDS = 3, 5
MOST_REPEATED = 4000
MEMORY_MIB = 1536
MOST_RUNS = 200_000
"""The fuzzer's own notes grow by some KB with each input, so a process searches for so long only."""
CHANGED_BYTES = 4


def search(name: str, inputs: str, failures: str, seconds: str, hang_s: str) -> None:
    """Runs until the time is over, MOST_RUNS are made or a fault is found; libFuzzer ends the process. One input that
    takes longer than `hang_s` is a fault, and so is memory beyond MEMORY_MIB."""
    import atheris

    with atheris.instrument_imports(include=["app", "sms", "pydicom", "python_multipart"]):
        from tests.factories.fuzzed_parsers import PARSERS
    parser = PARSERS[name]

    def check(data: bytes) -> None:
        try:
            parser.check(data)
        except Exception:  # the fuzzer itself keeps only what kills the process or hangs
            (Path(failures) / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
            raise

    options = [
        f"-max_total_time={seconds}",
        f"-runs={MOST_RUNS}",
        f"-timeout={hang_s}",
        f"-rss_limit_mb={MEMORY_MIB}",
        "-print_final_stats=1",
    ]
    options += [f"-artifact_prefix={failures}/", f"-max_len={parser.most_bytes}", inputs]
    atheris.Setup([sys.argv[0], *options], check)
    atheris.Fuzz()


def again(name: str, inputs: str) -> int:
    """1 when the process grew by a MiB or more. Each input comes as it was kept and once changed: a store of what was
    asked grows by new inputs only."""
    from tests.factories.fuzzed_parsers import PARSERS

    kept = [path.read_bytes() for path in sorted(Path(inputs).iterdir())[:MOST_REPEATED]]

    chance = random.Random(name)

    def after(rounds: int) -> float:
        for _ in range(rounds):
            for data in kept:
                PARSERS[name].check(data)
                PARSERS[name].check(_changed(data, chance))
        return _resident_mib()

    growth = -after(WARM_UP) + after(ROUNDS)
    print(f"growth: {max(growth, 0):.1f} MiB in {ROUNDS} rounds of {len(kept)} inputs")
    return int(growth >= 1)


def _changed(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(CHANGED_BYTES if data else 0):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _resident_mib() -> float:
    """The memory of this process without what is free and only not given back yet."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / MIB


if __name__ == "__main__":
    command, *words = sys.argv[1:]
    if command == "search":
        search(*words)
    sys.exit(again(*words))

"""`python -m tests.soak alike [pairs]`: live codes against dead ones by the clock, 2 000 pairs of each kind.

The tests are tests/functional/test_alike_in_time.py, which take fewer pairs by themselves.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from deploy.testbed.processes import ROOT

TEST = "tests/functional/test_alike_in_time.py"
PAIRS = "2000"
VARIABLE = "SOAK_PAIRS"


def main(words: Sequence[str]) -> int:
    """The exit status: 1 when a live code is answered in another time than a dead one."""
    pairs = words[0] if words else PAIRS
    print(f"alike: {pairs} pairs of each kind", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", TEST]
    return int(subprocess.run(command, cwd=ROOT, env=os.environ | {VARIABLE: pairs}, check=False).returncode != 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

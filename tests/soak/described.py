"""`python -m tests.soak described [requests]`: the fast test of the RIS' door by its description, with many requests of
each operation instead of a few, and other ones each time.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Sequence

from deploy.testbed.processes import ROOT

TEST = "tests/integration/web/test_ris_by_its_description.py"
REQUESTS = "1000"
VARIABLE = "SOAK_REQUESTS"


def main(words: Sequence[str]) -> int:
    """The exit status: 1 when an answer was none that the description names."""
    requests, seed = words[0] if words else REQUESTS, secrets.randbits(32)
    print(f"described: {requests} requests of each operation, seed {seed}", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", f"--hypothesis-seed={seed}", TEST]
    return int(subprocess.run(command, cwd=ROOT, env=os.environ | {VARIABLE: requests}, check=False).returncode != 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

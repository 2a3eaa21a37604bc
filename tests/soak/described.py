"""`python -m tests.soak described [postgresql] [requests]`: the fast test of the RIS' door by its description, with
many requests of each operation instead of a few, and other ones each time.
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
ON_POSTGRESQL = "postgresql"


def main(words: Sequence[str]) -> int:
    """The exit status: 1 when an answer was none that the description names."""
    requests, seed = next((word for word in words if word != ON_POSTGRESQL), REQUESTS), secrets.randbits(32)
    where = ["--postgres"] if ON_POSTGRESQL in words else []
    print(f"described: {requests} requests of each operation {' '.join(where)}, seed {seed}", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", f"--hypothesis-seed={seed}", *where, TEST]
    return int(subprocess.run(command, cwd=ROOT, env=os.environ | {VARIABLE: requests}, check=False).returncode != 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

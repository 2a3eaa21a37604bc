"""Property tests with fresh seeds: once, as `make check` does beside its fixed search, or again and again for hours.

`main(["0"])` is one round. The seed is printed before its round, so a search that hangs is found again too.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Sequence

from tests.places import ROOT

MINUTES = 60.0
WHICH = "hypothesis and not server and not browser"
"""hypothesis marks its tests itself; one that holds a search inside says so (tests/contracts/test_properties.py)."""


def command(seed: int) -> list[str]:
    options = ["-q", "-p", "no:cacheprovider", "-n", os.environ.get("XDIST", "auto"), "--dist", "loadfile"]
    return [sys.executable, "-m", "pytest", *options, "-m", WHICH, f"--hypothesis-seed={seed}", "tests"]


def main(words: Sequence[str]) -> int:
    """1 for the first round that finds something."""
    until = time.monotonic() + 60 * (float(words[0]) if words else MINUTES)
    environment = {name: value for name, value in os.environ.items() if name != "CI"}  # there the search is fixed
    while True:
        seed = secrets.randbelow(2**32)
        print(f"properties with the seed {seed}; again: pytest -m hypothesis --hypothesis-seed={seed}", flush=True)
        if subprocess.run(command(seed), cwd=ROOT, env=environment).returncode:
            print(f"the seed {seed} found something", flush=True)
            return 1
        if time.monotonic() >= until:
            return 0

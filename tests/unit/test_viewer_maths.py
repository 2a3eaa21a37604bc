"""Runs the viewer's own tests where node is installed; they need nothing else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

NODE = shutil.which("node")
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.skipif(
    NODE is None, reason="node is not installed: the viewer's maths is not tested apart from the screen"
)
def test_the_viewers_pure_maths() -> None:
    assert NODE
    done = subprocess.run([NODE, "--test", "tests/js/"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout

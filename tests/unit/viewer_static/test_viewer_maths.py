"""Runs the viewer's own tests where node is installed; they need nothing else."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.places import ROOT

NODE = shutil.which("node")


@pytest.mark.skipif(
    NODE is None, reason="node is not installed: the viewer's maths is not tested apart from the screen"
)
def test_the_viewers_pure_maths() -> None:
    assert NODE
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests" / "js").glob("*.test.js"))
    assert files
    done = subprocess.run([NODE, "--test", *files], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout

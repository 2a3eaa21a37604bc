"""A folder on a real disk to measure in, and what stands in it before a measurement."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def working_folder() -> Iterator[Path]:
    """Under the checkout, not under /tmp, which may lie in memory, where fsync costs nothing."""
    parent = ROOT / "var"
    parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as folder:
        yield Path(folder)

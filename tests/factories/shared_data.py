"""The shared, real test data, which is not part of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("CLOUDFILM_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


def shared_folder(name: str) -> Path:
    """A folder of the shared data; skips the test visibly where it is absent."""
    folder = ROOT / name
    if not folder.is_dir():
        pytest.skip(f"shared test data absent: {name}")
    return folder


def shared_files(name: str) -> list[Path]:
    return sorted(path for path in shared_folder(name).rglob("*") if path.is_file() and path.name != "SOURCE.txt")

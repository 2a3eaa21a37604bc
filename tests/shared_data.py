"""Where the shared real data is, and a visible skip where it is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
FOLDER = Path(os.environ.get("CLOUDFILM_SHARED_DATA", _BESIDE))


def needs(name: str) -> Path:
    """The folder `name` of the shared data; skips the calling test, saying so, where it is absent."""
    folder = FOLDER / name
    if not folder.is_dir():
        pytest.skip(f"shared data {name} is not on this machine")
    return folder


def files_of(name: str) -> list[Path]:
    """All files of a shared folder that may be DICOM; empty where it is absent (for parametrising)."""
    return sorted(
        path for path in (FOLDER / name).rglob("*") if path.is_file() and path.suffix not in (".txt", ".json", ".gz")
    )

"""A visible skip where the shared real data is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.testbed.shared_data import FOLDER


def needs(name: str) -> Path:
    """The folder `name` of the shared data; skips the calling test, saying so, where it is absent."""
    folder = FOLDER / name
    if not folder.is_dir():
        pytest.skip(f"shared data {name} is not on this machine")
    return folder

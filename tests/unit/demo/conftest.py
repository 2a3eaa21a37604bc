"""A demo without a server and a folder for its DEMO_DATA."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.bootstrap import Services
from tests.factories.house import services


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path / "var", wechat_notices="simulated")
    yield built
    built.pictures.renderer.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder

"""A house with an exam, a study with pictures and an object in quarantine, and a folder for its backups."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.bootstrap import Services
from app.services.ingest.incoming import IncomingObject
from tests.factories.backups import prepared_study
from tests.factories.house import services
from tests.factories.telling import register


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services(tmp_path / "var")
    register(built)
    prepared_study(built, 3, AccessionNumber="A1")
    built.ingest.ingest.receive([IncomingObject(io.BytesIO(b"junk"))], "stow", "test")
    yield built
    built.db.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"

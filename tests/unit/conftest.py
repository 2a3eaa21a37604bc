"""An ingest service on a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories.ingest_rig import IngestRig


@pytest.fixture
def rig(tmp_path: Path) -> IngestRig:
    return IngestRig(tmp_path)

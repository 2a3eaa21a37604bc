"""A DIMSE door on a loopback port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.bootstrap import Services
from app.dimse.scp import Door, start_door
from tests.factories.dicom_client import CALLING
from tests.factories.door_app import door_app
from tests.factories.open_door import Open


@pytest.fixture
def open_door(tmp_path: Path) -> Iterator[Open]:
    opened = []

    def start(**more: str) -> tuple[Door, Services]:
        _, services = door_app(tmp_path, **({"dicom_calling_aes": CALLING} | more))
        door = start_door(services.settings, services.ingest.ingest)
        opened.append((door, services))
        return door, services

    yield start
    for door, services in opened:
        door.stop(grace_s=2)
        services.db.dispose()

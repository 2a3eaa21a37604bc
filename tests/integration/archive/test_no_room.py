"""A full disk or database: every door says so, nobody is told that something was kept, and all goes on with room."""

from __future__ import annotations

import io
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydicom
import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from app.database import Database
from app.dimse.scp import start_door
from app.repos.ingest import studies
from deploy.testbed.ct import ct_file
from deploy.testbed.multipart import STOW_TYPE, body
from tests.factories import database
from tests.factories.dicom_client import CALLING, associate, send
from tests.factories.door_app import bearer, door_app
from tests.factories.house import exam_body

MIB = 1024 * 1024


class House:
    def __init__(self, folder: Path) -> None:
        app, self.services = door_app(folder, dicom_calling_aes=CALLING)
        self.client: FlaskClient = app.test_client()
        self.token = bearer(self.services, "read", "ris", "upload")

    def upload(self, file: bytes) -> int:
        headers = {**self.token, "Content-Type": STOW_TYPE}
        return self.client.post("/dicomweb/studies", data=body([file]), headers=headers).status_code

    def stored(self) -> set[str]:
        with self.services.db.read() as session:
            return {instance.sop_instance_uid for instance, _ in studies.sealed_instances(session)}

    def status(self, path: str) -> int:
        return self.client.get(path, headers=self.token).status_code

    def order(self, accession: str) -> int:
        return self.client.put(f"/api/v1/exams/{accession}", json=exam_body(), headers=self.token).status_code


def file_uid(file: bytes) -> str:
    return str(pydicom.dcmread(io.BytesIO(file)).SOPInstanceUID)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.services.pictures.renderer.close()
    made.services.db.dispose()


@contextmanager
def full(db: Database) -> Iterator[None]:
    """SQLite may take no further page, as on a full disk."""

    def cap(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={connection.execute('PRAGMA page_count').fetchone()[0]}")

    event.listen(db.engine, "connect", cap)
    db.engine.dispose()
    try:
        yield
    finally:
        event.remove(db.engine, "connect", cap)
        db.engine.dispose()


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process grows beyond `size`."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def refusal(act: Callable[[int], int]) -> int:
    """The first answer that is no success: what is left of the last pages may still be used up."""
    return next(status for status in map(act, range(500)) if status not in (200, 201, 204))


@pytest.mark.skipif(database.VARIABLE in os.environ, reason="how SQLite says that it is full")
def test_a_full_database_is_503_and_out_of_resources_and_acknowledges_nothing(house: House) -> None:
    door = start_door(house.services.settings, house.services.ingest.ingest)
    file = ct_file()
    try:
        with full(house.services.db):
            assert refusal(lambda _: house.upload(ct_file())) == 503
            assert refusal(lambda number: house.order(f"A{number}")) == 503
            assert refusal(lambda _: house.status("/dicomweb/studies")) == 503
            assert house.status("/healthz") == 200
            association = associate(door.port)
            assert send(association, [file]) == [0xA700]
            association.release()
        assert file_uid(file) not in house.stored()
        assert house.upload(file) == 200
        assert file_uid(file) in house.stored()
        assert house.order("B1") == 201
        assert not [result for result in house.services.operations.archive_check.objects() if result.fault]
    finally:
        door.stop(grace_s=2)


def test_a_spool_without_room_is_503(house: House) -> None:
    file = ct_file(Rows=2048, Columns=1024, PixelData=bytes(4 * MIB))
    with largest_file(3 * MIB):
        assert house.upload(file) == 503
    assert house.upload(file) == 200

"""The same instance through several doors is one instance; another header is a new version, other pixels a conflict."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import ImplicitVRLittleEndian

from app.bootstrap import Services
from app.services.ingest.incoming import Conflicting, Duplicate, IncomingObject, Outcome, Stored, Superseding
from deploy.testbed.ct import ct_file, ct_slice, part10
from deploy.testbed.shared_data import files_of
from tests.factories.door_app import door_app
from tests.shared_data import needs


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    _, services = door_app(tmp_path)
    yield services
    services.pictures.renderer.close()
    services.db.dispose()


def receive(services: Services, file: bytes) -> Outcome:
    [outcome] = services.ingest.ingest.receive([IncomingObject(io.BytesIO(file))], "stow", "test")
    return outcome


def written_anew(file: bytes, **changed: object) -> bytes:
    """The same instance as another program writes it: its own file meta group, lengths and encodings of its own."""
    dataset = pydicom.dcmread(io.BytesIO(file))
    dataset.file_meta.ImplementationVersionName = "OTHER"
    for keyword, value in changed.items():
        setattr(dataset, keyword, value)
    return part10(dataset)


def test_another_file_meta_group_is_the_same_instance(services: Services) -> None:
    file = ct_file()
    assert isinstance(receive(services, file), Stored)
    assert isinstance(receive(services, written_anew(file)), Duplicate)


@pytest.mark.parametrize(
    "changed",
    [{"PixelData": bytes(128)}, {"Rows": 4, "Columns": 16}],
)
def test_any_difference_in_pixels_is_a_conflict(services: Services, changed: dict[str, object]) -> None:
    file = ct_file()
    receive(services, file)
    assert isinstance(receive(services, written_anew(file, **changed)), Conflicting)


@pytest.mark.parametrize("changed", [{"StudyDescription": "Head"}, {"WindowCenter": "41"}])
def test_any_difference_in_the_header_alone_is_a_new_version(services: Services, changed: dict[str, object]) -> None:
    file = ct_file()
    receive(services, file)
    assert isinstance(receive(services, written_anew(file, **changed)), Superseding)


def test_another_transfer_syntax_of_the_same_pixels_is_a_new_version(services: Services) -> None:
    dataset = ct_slice()
    receive(services, part10(dataset))
    assert isinstance(receive(services, part10(dataset, ImplicitVRLittleEndian)), Superseding)


def test_real_files_written_anew_are_the_same_instances(services: Services) -> None:
    needs("ct-chest-nlst-101287")
    for path in files_of("ct-chest-nlst-101287")[:2]:
        file = path.read_bytes()
        assert isinstance(receive(services, file), Stored)
        assert isinstance(receive(services, written_anew(file)), Duplicate)

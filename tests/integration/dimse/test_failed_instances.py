"""What the DIMSE door answers when it keeps nothing, and what it leaves in the spool."""

from __future__ import annotations

import io
import resource
import time
from pathlib import Path

import pydicom
import pytest

from app.errors import StoreFull
from app.services.ingest.incoming import KEPT_OF_OVERSIZED_BYTES, OVERSIZED
from deploy.testbed.ct import ct_file
from tests.factories.dicom_client import associate, send
from tests.factories.open_door import Open, stored


def test_a_dataset_other_than_announced_fails_with_a900(open_door: Open) -> None:
    door, services = open_door()
    association = associate(door.port)
    sent = pydicom.dcmread(io.BytesIO(ct_file()))
    del sent.StudyInstanceUID
    missing = association.send_c_store(sent).Status
    association.release()
    assert missing == 0xA900
    assert stored(services) == {}


def test_an_unreadable_dataset_is_not_understood(open_door: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    door, services = open_door()
    association = associate(door.port)
    monkeypatch.setattr("pynetdicom.association.encode", lambda *_: b"\x08\x00\x05\x00CS\xff\xff" + b"x" * 40)
    status = association.send_c_store(pydicom.dcmread(io.BytesIO(ct_file()))).Status
    association.release()
    assert status == 0xC000
    assert stored(services) == {}


def test_a_full_store_is_out_of_resources_and_the_door_stays_open(
    open_door: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, services = open_door()

    def full(*_: object) -> None:
        raise StoreFull

    association = associate(door.port)
    with monkeypatch.context() as patch:
        patch.setattr(services.archive.objects, "put_many", full)
        assert send(association, [ct_file()]) == [0xA700]
    assert send(association, [ct_file()]) == [0]
    association.release()


def test_an_unforeseen_error_is_never_a_success(open_door: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    door, _ = open_door()
    monkeypatch.setattr("app.services.ingest.ingest.Ingest._take", lambda *_: 1 / 0)
    association = associate(door.port)
    assert send(association, [ct_file()]) == [0xC000]
    association.release()


def test_a_dataset_over_the_limit_aborts_its_association_and_only_its_start_is_kept(
    open_door: Open,
) -> None:
    door, services = open_door(max_instance_mib="1")
    association = associate(door.port)
    assert send(association, [ct_file(PixelData=b"\x00" * 3_000_000)]) == [-1]
    for _ in range(100):
        if association.is_aborted:
            break
        time.sleep(0.05)
    assert association.is_aborted
    eventually_empty(services.settings.spool_dir / "scp")
    assert stored(services) == {}
    (item,) = services.ingest.quarantine.newest("test")
    assert (item.door, item.reason) == ("scp", OVERSIZED.reason)
    assert 100_000 < item.size <= KEPT_OF_OVERSIZED_BYTES


def test_without_room_for_a_dataset_its_association_is_aborted_and_the_door_stays_open(open_door: Open) -> None:
    door, services = open_door()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, limit[1]))
    try:
        association = associate(door.port)
        assert association.send_c_echo().Status == 0
        assert send(association, [ct_file(PixelData=bytes(3_000_000))]) == [-1]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    eventually_empty(services.settings.spool_dir / "scp")
    association = associate(door.port)
    assert send(association, [ct_file()]) == [0]
    association.release()


def test_a_connection_cut_in_the_middle_leaves_no_file(open_door: Open) -> None:
    door, services = open_door()
    association = associate(door.port)
    assert send(association, [ct_file()]) == [0]
    association.dul.socket.send(b"\x04\x00\x00\x00\x00\x0a\x00\x00\x00\x06\x03\x00abcd"[:9])
    association.abort()
    eventually_empty(services.settings.spool_dir / "scp")


def test_what_a_killed_process_left_in_the_spool_is_removed_at_start(open_door: Open, tmp_path: Path) -> None:
    left_over = tmp_path / "var" / "spool" / "scp" / "left.dcm"
    left_over.parent.mkdir(parents=True)
    left_over.write_bytes(b"patient")
    open_door()
    assert not left_over.exists()


def eventually_empty(folder: Path) -> None:
    for _ in range(100):
        if not list(folder.iterdir()):
            return
        time.sleep(0.05)
    raise AssertionError(list(folder.iterdir()))

"""SIGKILL in the middle of a 200-instance upload: every acknowledged instance is readable afterwards, byte for byte."""

from __future__ import annotations

import http.client
import io
import json
import signal
import threading
from pathlib import Path

import pydicom
import pytest

from app.bootstrap import build
from deploy.testbed.ct import ct_series
from deploy.testbed.multipart import STOW_TYPE, body
from deploy.testbed.servers import Server, dicom_door, gunicorn, settings_of
from tests.factories.dicom_client import associate
from tests.factories.door_app import bearer
from tests.factories.open_door import stored

pytestmark = pytest.mark.server

COUNT, KILLED_AFTER, GROUP = 200, 90, 5


@pytest.fixture
def files() -> dict[str, bytes]:
    """SOP instance UID -> Part-10 file, of one series."""
    return {str(pydicom.dcmread(io.BytesIO(file)).SOPInstanceUID): file for file in ct_series(COUNT)}


def dataset_bytes(part10: bytes) -> bytes:
    return part10[144 + int.from_bytes(part10[140:144], "little") :]


class Killer:
    """Kills a server a moment after the n-th acknowledgement, while the next upload is under way."""

    def __init__(self, server: Server, delay_s: float) -> None:
        self._timer = threading.Timer(delay_s, server.end, [signal.SIGKILL])

    def strike(self) -> None:
        if not self._timer.is_alive():
            self._timer.start()

    def join(self) -> None:
        self._timer.join()


def upload_group(port: int, token: dict[str, str], group: list[bytes]) -> set[str]:
    """UIDs that one STOW-RS answer acknowledged; empty when the server died first."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", "/dicomweb/studies", body(group), {"Content-Type": STOW_TYPE, **token})
        answer = connection.getresponse()
        assert answer.status == 200
        taken = json.loads(answer.read())["00081199"]["Value"]
    except (OSError, http.client.HTTPException):
        return set()
    finally:
        connection.close()
    return {item["00081155"]["Value"][0] for item in taken}


@pytest.mark.parametrize("delay_s", [0.0, 0.007, 0.02])
def test_every_instance_acknowledged_by_stow_survives(tmp_path: Path, files: dict[str, bytes], delay_s: float) -> None:
    services = build(settings_of(tmp_path))
    token = bearer(services, "upload")
    services.db.dispose()
    acknowledged: set[str] = set()
    contents = list(files.values())
    with gunicorn(tmp_path) as server:
        killer = Killer(server, delay_s)
        for first in range(0, COUNT, GROUP):
            answered = upload_group(server.port, token, contents[first : first + GROUP])
            if not answered:
                break
            acknowledged |= answered
            if len(acknowledged) >= KILLED_AFTER:
                killer.strike()
        killer.join()
    services = build(settings_of(tmp_path))
    kept = stored(services)
    faults = [result.fault for result in services.operations.archive_check.objects() if result.fault]
    services.db.dispose()
    assert KILLED_AFTER <= len(acknowledged) < COUNT
    assert acknowledged <= set(kept)
    assert all(content == files[uid] for uid, content in kept.items())
    assert faults == []


def test_a_killed_upload_is_completed_by_sending_it_again(tmp_path: Path, files: dict[str, bytes]) -> None:
    services = build(settings_of(tmp_path))
    token = bearer(services, "upload")
    services.db.dispose()
    contents = list(files.values())
    with gunicorn(tmp_path) as server:
        killer = Killer(server, 0.15)
        killer.strike()
        upload_group(server.port, token, contents)
        killer.join()
    with gunicorn(tmp_path) as server:
        assert upload_group(server.port, token, contents) == set(files)
    services = build(settings_of(tmp_path))
    kept = stored(services)
    services.db.dispose()
    assert kept == files


@pytest.mark.parametrize("delay_s", [0.0, 0.005, 0.013])
def test_every_instance_acknowledged_by_c_store_survives(
    tmp_path: Path, files: dict[str, bytes], delay_s: float
) -> None:
    acknowledged: set[str] = set()
    with dicom_door(tmp_path) as server:
        killer = Killer(server, delay_s)
        association = associate(server.port)
        for uid, file in files.items():
            if not association.is_established:
                break
            status = association.send_c_store(pydicom.dcmread(io.BytesIO(file)))
            if status.get("Status") != 0:
                break
            acknowledged.add(uid)
            if len(acknowledged) >= KILLED_AFTER:
                killer.strike()
        killer.join()
        association.abort()
    services = build(settings_of(tmp_path))
    kept = stored(services)
    services.db.dispose()
    assert KILLED_AFTER <= len(acknowledged) < COUNT
    assert acknowledged <= set(kept)
    assert all(dataset_bytes(content) == dataset_bytes(files[uid]) for uid, content in kept.items())


def test_the_dicom_door_ends_in_order_on_sigterm(tmp_path: Path, files: dict[str, bytes]) -> None:
    with dicom_door(tmp_path) as server:
        association = associate(server.port)
        assert association.send_c_store(pydicom.dcmread(io.BytesIO(next(iter(files.values()))))).Status == 0
        association.release()
        assert server.end(signal.SIGTERM) == 0

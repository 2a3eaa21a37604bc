"""The DIMSE door on a loopback port: who gets in, what is kept, what is answered."""

from __future__ import annotations

import io
import resource
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import ImplicitVRLittleEndian, JPEGLSLossless

from app.bootstrap import Services
from app.dicom.scp import Door, start_door
from app.errors import StoreFull
from app.repos import studies
from app.services.incoming import KEPT_OF_OVERSIZED_BYTES, OVERSIZED
from tests.factories.dicom_client import CALLED, CALLING, associate, send
from tests.factories.dicom_objects import ct_dataset, ct_file, ct_series, part10
from tests.factories.door_app import door_app
from tests.shared_data import files_of, needs

Open = Callable[..., tuple[Door, Services]]


@pytest.fixture
def open_door(tmp_path: Path) -> Iterator[Open]:
    opened = []

    def start(**more: str) -> tuple[Door, Services]:
        _, services = door_app(tmp_path, **({"dicom_calling_aes": CALLING} | more))
        door = start_door(services.settings, services.ingest)
        opened.append((door, services))
        return door, services

    yield start
    for door, services in opened:
        door.stop(grace_s=2)
        services.db.dispose()


def stored(services: Services) -> dict[str, bytes]:
    """SOP instance UID -> the stored Part-10 bytes."""
    with services.db.read() as session:
        return {
            instance.sop_instance_uid: services.archive.open(
                instance.object_key, instance.object_version, services.data_keys.open(session, key)
            )
            for instance, key in studies.sealed_instances(session)
        }


def dataset_bytes(part10: bytes) -> bytes:
    """What follows the file meta information."""
    return part10[144 + int.from_bytes(part10[140:144], "little") :]


def test_an_echo_is_answered(open_door: Open) -> None:
    door, _ = open_door()
    association = associate(door.port)
    assert association.send_c_echo().Status == 0
    association.release()


def test_a_stored_instance_is_kept_byte_for_byte(open_door: Open) -> None:
    door, services = open_door()
    files = ct_series(5)
    association = associate(door.port)
    assert send(association, files) == [0] * 5
    association.release()
    kept = stored(services)
    for file in files:
        uid = str(pydicom.dcmread(io.BytesIO(file)).SOPInstanceUID)
        assert dataset_bytes(kept[uid]) == dataset_bytes(file)


def test_an_instance_sent_again_succeeds_and_other_content_fails_with_0110(open_door: Open) -> None:
    door, services = open_door()
    uids = {"SOPInstanceUID": "1.2.3.4", "StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.1"}
    association = associate(door.port)
    statuses = send(association, [ct_file(**uids), ct_file(**uids), ct_file(**uids, PixelData=b"\x01" * 128)])
    association.release()
    assert statuses == [0, 0, 0x0110]
    assert len(stored(services)) == 1


@pytest.mark.parametrize(("called", "calling"), [("OTHER", CALLING), (CALLED, "STRANGER"), ("cloudfilm", CALLING)])
def test_wrong_titles_are_rejected(open_door: Open, called: str, calling: str) -> None:
    door, _ = open_door()
    association = associate(door.port, called, calling)
    assert association.is_rejected
    assert not association.is_established


def test_without_allowed_calling_titles_nobody_gets_in(open_door: Open) -> None:
    door, _ = open_door(dicom_calling_aes="")
    assert associate(door.port).is_rejected


def test_an_address_that_is_not_allowed_gets_nothing(open_door: Open) -> None:
    door, _ = open_door(dicom_addresses="10.0.0.0/8")
    assert not associate(door.port).is_established


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
        patch.setattr(services.archive, "put_many", full)
        assert send(association, [ct_file()]) == [0xA700]
    assert send(association, [ct_file()]) == [0]
    association.release()


def test_an_unforeseen_error_is_never_a_success(open_door: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    door, _ = open_door()
    monkeypatch.setattr("app.services.ingest.Ingest._take", lambda *_: 1 / 0)
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
    (item,) = services.quarantine.newest("test")
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


@pytest.mark.parametrize(
    "junk",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x01\x00\xff\xff\xff\xff",
        b"\x04\x00\xff\xff\xff\xff" + b"x" * 100,
        b"\x01\x00\x00\x00\x00\x10" + b"\x00" * 16,
        b"\x00" * 1000,
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_junk_on_the_port_harms_nobody(open_door: Open, junk: bytes) -> None:
    door, _ = open_door()
    with socket.create_connection(("127.0.0.1", door.port), timeout=5) as connection:
        connection.sendall(junk)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(5)
        try:
            while connection.recv(1024):
                pass
        except ConnectionResetError:
            pass
    association = associate(door.port)
    assert association.send_c_echo().Status == 0
    association.release()


def test_stopping_closes_the_port_and_lets_the_current_association_end(open_door: Open) -> None:
    door, services = open_door()
    association = associate(door.port)
    assert send(association, [ct_file()]) == [0]
    association.release()
    door.stop(grace_s=2)
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", door.port), timeout=1)
    assert len(stored(services)) == 1


def test_transfer_syntaxes_are_stored_as_received(open_door: Open) -> None:
    needs("ct-chest-nlst-101287")
    slices = [path for path in files_of("ct-chest-nlst-101287") if path.parent.name == "ct"]
    door, services = open_door()
    files = [path.read_bytes() for path in slices[:3]]
    association = associate(door.port, syntaxes=[JPEGLSLossless])
    assert send(association, files) == [0] * 3
    association.release()
    kept = stored(services)
    for file in files:
        dataset = pydicom.dcmread(io.BytesIO(file), stop_before_pixels=True)
        copy = pydicom.dcmread(io.BytesIO(kept[str(dataset.SOPInstanceUID)]))
        assert copy.file_meta.TransferSyntaxUID == JPEGLSLossless
        assert copy.PixelData == pydicom.dcmread(io.BytesIO(file)).PixelData


def run(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    found = shutil.which(tool)
    if found is None:
        pytest.skip(f"{tool} of DCMTK is not installed")
    return subprocess.run([found, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_dcmtk_echoes_and_stores(open_door: Open, tmp_path: Path) -> None:
    door, services = open_door()
    folder = tmp_path / "send"
    folder.mkdir()
    for number, file in enumerate(ct_series(4)):
        (folder / f"{number}.dcm").write_bytes(file)
    titles = ["-aet", CALLING, "-aec", CALLED, "127.0.0.1", str(door.port)]
    assert run("echoscu", *titles).returncode == 0
    assert run("storescu", "+sd", *titles, str(folder)).returncode == 0
    assert len(stored(services)) == 4
    wrong = run("echoscu", "-aet", "STRANGER", "-aec", CALLED, "127.0.0.1", str(door.port))
    assert wrong.returncode != 0
    assert "Calling AE Title Not Recognized" in wrong.stderr


def test_tls_is_spoken_when_a_certificate_is_set(open_door: Open, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
         "-subj", "/CN=localhost"], check=True, capture_output=True,
    )  # fmt: skip
    import ssl

    door, services = open_door(dicom_tls_cert=str(cert), dicom_tls_key=str(key))
    context = ssl.create_default_context(cafile=str(cert))
    context.check_hostname = False
    with socket.create_connection(("127.0.0.1", door.port)):  # a silent client holds nobody up
        association = associate(door.port, tls_args=(context, "localhost"))
        assert send(association, [ct_file()]) == [0]
        association.release()
    assert len(stored(services)) == 1
    assert not associate(door.port).is_established


def test_implicit_little_endian_is_kept_implicit(open_door: Open) -> None:
    door, services = open_door()
    association = associate(door.port, syntaxes=[ImplicitVRLittleEndian])
    assert send(association, [part10(ct_dataset(), ImplicitVRLittleEndian)]) == [0]
    association.release()
    [kept] = stored(services).values()
    assert pydicom.dcmread(io.BytesIO(kept)).is_implicit_VR


def eventually_empty(folder: Path) -> None:
    for _ in range(100):
        if not list(folder.iterdir()):
            return
        time.sleep(0.05)
    raise AssertionError(list(folder.iterdir()))

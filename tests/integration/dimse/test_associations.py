"""Who gets an association with the DIMSE door, and that neither junk nor silence closes it."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from deploy.testbed.ct import ct_file, ct_series
from tests.factories.dicom_client import CALLED, CALLING, associate, send
from tests.factories.open_door import Open, stored


def test_an_echo_is_answered(open_door: Open) -> None:
    door, _ = open_door()
    association = associate(door.port)
    assert association.send_c_echo().Status == 0
    association.release()


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
        [
            openssl,
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            key,
            "-out",
            cert,
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
        ],
        check=True,
        capture_output=True,
    )
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

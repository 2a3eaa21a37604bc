"""The installation of docs/operating.md, from the bundle to the first pictures: its commands word for word, with real
PostgreSQL, Redis and nginx, and the services as their units start and harden them. systemd itself is not started.
"""

from __future__ import annotations

import http.client
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from ctypes.util import find_library
from pathlib import Path

import pytest

from deploy.testbed import postgres
from deploy.testbed.ct import ct_file
from deploy.testbed.multipart import STOW_TYPE, body
from deploy.testbed.processes import Ready, free_port, listening, saying, started
from tests.factories import hardened
from tests.factories.front import NGINX, nginx
from tests.factories.installation import Machine, blocks, machine
from tests.factories.production import WITHOUT_KEYS
from tests.functional.test_server_logs import blind
from tests.places import ROOT

BUNDLE = ROOT / "var" / "bundle" / "cloudfilm-bundle.tar"
NEEDED = {
    "nginx": NGINX is not None,
    "postgresql": postgres.binaries() is not None,
    "redis-server": shutil.which("redis-server") is not None,
    "systemd": shutil.which("systemd-analyze") is not None,
    "libseccomp2": find_library("seccomp") is not None,
    "a git checkout": (ROOT / ".git").exists(),
}
MISSING = [name for name, here in NEEDED.items() if not here]
PATIENCE_S = 120
pytestmark = [pytest.mark.server, pytest.mark.skipif(bool(MISSING), reason=f"missing: {', '.join(MISSING)}")]


@pytest.fixture(scope="module")
def bundle() -> Path:
    made = subprocess.run(["deploy/bundle.sh"], cwd=ROOT, capture_output=True, text=True, timeout=280)
    if made.returncode and re.search(r"Could not (find a version|fetch)|connection|Temporary failure", made.stderr):
        pytest.skip("the index of packages does not answer: no bundle can be made")
    assert made.returncode == 0, made.stderr
    return BUNDLE


@pytest.fixture(scope="module")
def hospital(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine on which steps 1 to 6 ran, with the hospital's own settings."""
    with machine(tmp_path_factory.mktemp("hospital")) as made:
        for file in (bundle, bundle.with_name(f"{bundle.name}.sha256")):
            shutil.copy(file, made.home)
        for block in blocks()[:6]:
            made.run(block)
        _write_settings(made)
        yield made


def _write_settings(hospital: Machine) -> None:
    """What a person writes into the shipped file: its own values, and here also where the test's servers listen."""
    path = hospital.root / "etc/cloudfilm/cloudfilm.env"
    own = WITHOUT_KEYS | {
        "CLOUDFILM_HOSPITAL_NAME": "天津第一医院",
        "CLOUDFILM_SMS_SIGNATURE": "医院影像",
        "CLOUDFILM_DICOM_CALLING_AES": "CT1",
        "CLOUDFILM_BASE_URL": "https://127.0.0.1",
        "CLOUDFILM_DATABASE_URL": hospital.database,
        "CLOUDFILM_REDIS_URL": f"redis://127.0.0.1:{hospital.redis_port}/0",
        "CLOUDFILM_WEB_PROCESSES": "2",
    }
    lines = []
    for line in hospital.here(path.read_text()).splitlines():
        name, is_setting, _ = line.partition("=")
        lines.append(f"{name}={own.pop(name)}" if is_setting and name in own else line)
    assert not own
    assert not [line for line in lines if line.endswith("=CHANGE")]
    path.write_text("\n".join([*lines, f"DICOM_PORT={free_port()}", ""]))


def _environ(hospital: Machine) -> dict[str, str]:
    lines = (hospital.root / "etc/cloudfilm/cloudfilm.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and line[0] != "#")


def _service(stack: ExitStack, hospital: Machine, name: str, ready: Ready, *more: str) -> None:
    """Start a service as its installed unit says."""
    unit = hospital.here((hospital.root / f"etc/systemd/system/cloudfilm-{name}.service").read_text())
    folder = hospital.root / "run" / name
    folder.mkdir(parents=True)
    command = hardened.command(unit, folder, [*hardened.setting(unit, "ExecStart").split(), *more])
    place = Path(hardened.setting(unit, "WorkingDirectory"))
    stack.enter_context(started(command, folder / "log", _environ(hospital), ready, folder=place))


def test_the_document_leads_from_a_bundle_to_a_hospital_that_takes_and_prepares_pictures(hospital: Machine) -> None:
    services, first = blocks()[6:]
    said = hospital.run(services)
    assert said.startswith("settings are usable (production); database, store, redis, queue answer")
    assert "cannot lock" not in said
    tokens = hospital.run(first)
    [upload, _] = re.findall(r"^.*?([\w-]{40,})\s*$", tokens, re.MULTILINE)[:2]
    port = free_port()
    with ExitStack() as stack:
        _service(stack, hospital, "web", listening(port), "-b", f"127.0.0.1:{port}")
        _service(stack, hospital, "worker", saying("worker: running"))
        _service(stack, hospital, "scp", saying("DICOM door on port"))
        (hospital.root / "front").mkdir()
        front = stack.enter_context(nginx(hospital.root / "front", port))
        assert _ask(front.https, "GET", "/readyz")[0] == 200
        headers = {"Authorization": f"Bearer {upload}", "Content-Type": STOW_TYPE}
        status, answer = _ask(front.https, "POST", "/dicomweb/studies", body([ct_file()]), headers)
        assert status == 200, answer
        assert _until_prepared(front.https)
    assert (
        "systemctl enable --now cloudfilm-web cloudfilm-worker cloudfilm-scp cloudfilm-backup.timer" in hospital.noted()
    )


def test_nginx_has_the_shipped_file_and_enough_connections(hospital: Machine) -> None:
    shipped = hospital.root / "opt/cloudfilm/deploy/nginx.conf"
    assert (hospital.root / "etc/nginx/conf.d/cloudfilm.conf").read_bytes() == shipped.read_bytes()
    assert "worker_connections 4096;" in (hospital.root / "etc/nginx/nginx.conf").read_text()


def test_a_file_of_the_bundle_that_was_changed_is_not_installed(hospital: Machine, tmp_path: Path) -> None:
    subprocess.run(["tar", "-x", "-f", str(BUNDLE), "-C", str(tmp_path)], check=True)
    (tmp_path / "cloudfilm" / "wsgi.py").write_text("import os\n")
    refused = subprocess.run([str(tmp_path / "cloudfilm/deploy/install.sh")], capture_output=True, text=True)
    assert refused.returncode != 0
    assert "wsgi.py" in refused.stdout + refused.stderr
    assert not (tmp_path / "cloudfilm" / ".venv").exists()


def _ask(
    port: int, method: str, path: str, content: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    with closing(http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=blind())) as connection:
        connection.request(method, path, content, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()


def _until_prepared(port: int) -> bool:
    """After the quiet period of a minute the pictures are made, in decoding children that lock themselves in."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        figures = _ask(port, "GET", "/metrics")[1].decode()
        if re.search(r'cloudfilm_studies\{[^}]*state="prepared"[^}]*\} 1', figures):
            return True
        time.sleep(2)
    return False

"""gunicorn and nginx with the shipped configuration, as a hospital runs them, in a folder and on ports of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.factories.demo_server import free_port
from tests.places import ROOT

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:{ROOT / 'var/test-tools/usr/sbin'}")
PATIENCE_S = 60
HERE = {"CLOUDFILM_BASE_URL": "https://127.0.0.1"}
"""Where production is asked in these tests; ports do not count."""
_MAIN = """
daemon off; worker_processes 1; pid nginx.pid; error_log logs/main.log info; {user}
events {{ worker_connections 256; }}
http {{
    access_log logs/access.log;
    client_body_temp_path temp/body; proxy_temp_path temp/proxy; fastcgi_temp_path temp/f; uwsgi_temp_path temp/u;
    scgi_temp_path temp/s;
    include cloudfilm.conf;
}}
"""


def run(command: list[str], folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a server in a process group of its own; what it says goes to `<program>.log`."""
    (folder / "logs").mkdir(exist_ok=True)
    with (folder / "logs" / f"{Path(command[0]).name}.log").open("ab") as log:
        environment = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **environment}
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)


def end(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> int:
    if process.poll() is None:
        os.killpg(process.pid, how)
    return process.wait(timeout=60)


def wait_for(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    end(process, signal.SIGKILL)
    raise AssertionError("the server did not start:\n" + "".join(p.read_text() for p in (folder / "logs").iterdir()))


def gunicorn_command(port: int, *options: str, application: str = "wsgi:application") -> list[str]:
    program = str(Path(sys.executable).with_name("gunicorn"))
    return [program, "-c", "deploy/gunicorn.conf.py", "-b", f"127.0.0.1:{port}", *options, application]


@contextmanager
def gunicorn(folder: Path, environment: Mapping[str, str], *options: str, application: str) -> Iterator[int]:
    """gunicorn with the shipped configuration, on a port of its own, until the block ends."""
    port = free_port()
    process = run(gunicorn_command(port, *options, application=application), folder, environment)
    wait_for(port, process, folder)
    try:
        yield port
    finally:
        end(process)


@dataclass(frozen=True)
class Front:
    """nginx' two ports."""

    http: int
    https: int


@contextmanager
def nginx(folder: Path, upstream: int, changes: Mapping[str, str] | None = None) -> Iterator[Front]:
    """nginx with the shipped server blocks inside a main file as Debian's, until the block ends; `changes` are what
    somebody else wrote in place of lines of ours."""
    assert NGINX
    front = Front(free_port(), free_port())
    for name in ("logs", "temp"):
        (folder / name).mkdir(exist_ok=True)
    _certificate(folder)
    text = _moved((ROOT / "deploy" / "nginx.conf").read_text(), folder, front, upstream)
    (folder / "cloudfilm.conf").write_text(_replaced(text, changes or {}))
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_MAIN.format(user=user))
    process = run([NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")], folder, {})
    wait_for(front.https, process, folder)
    try:
        yield front
    finally:
        end(process)


def _moved(text: str, folder: Path, front: Front, upstream: int) -> str:
    """The shipped file with other ports and folders; fails when a place to change is not there."""
    here = {
        "    listen [::]:80 default_server;\n": "",
        "    listen [::]:80;\n": "",
        "    listen [::]:443 ssl http2 default_server;\n": "",
        "    listen [::]:443 ssl http2;\n": "",
        "listen 80": f"listen 127.0.0.1:{front.http}",
        "listen 443": f"listen 127.0.0.1:{front.https}",
        "server_name film.example.org;": "server_name 127.0.0.1;",
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{upstream};",
        "/etc/ssl/certs/film.example.org.pem": str(folder / "cert.pem"),
        "/etc/ssl/private/film.example.org.key": str(folder / "key.pem"),
        "/var/log/nginx/": f"{folder}/logs/",
    }
    return _replaced(text, here)


def _replaced(text: str, changes: Mapping[str, str]) -> str:
    for shipped, here in changes.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    return text


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "film.example.org")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    names = [x509.DNSName("film.example.org"), x509.IPAddress(ip_address("127.0.0.1"))]
    made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = made.serial_number(7).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    (folder / "cert.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )

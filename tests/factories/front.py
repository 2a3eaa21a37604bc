"""nginx with the shipped configuration, as a hospital runs it in front, in a folder and on ports of its own."""

from __future__ import annotations

import os
import shutil
import signal
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

from deploy.testbed.processes import free_port, listening, started
from tests.places import ROOT

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:{ROOT / 'var/test-tools/usr/sbin'}")
HERE = {"CLOUDFILM_BASE_URL": "https://127.0.0.1"}
"""Where production is asked in these tests; ports do not count."""
_MAIN = """
daemon off; worker_processes 1; pid nginx.pid; error_log logs/main.log info; {user}
events {{ worker_connections 2048; }}
http {{
    access_log logs/access.log;
    client_body_temp_path temp/body; proxy_temp_path temp/proxy; fastcgi_temp_path temp/f; uwsgi_temp_path temp/u;
    scgi_temp_path temp/s;
    include cloudfilm.conf;
}}
"""


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
    command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    # Killed, it might leave out the log line of a request that was answered.
    with started(command, folder / "logs" / "nginx.log", {}, listening(front.https), signal.SIGTERM):
        yield front


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

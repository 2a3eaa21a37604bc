"""The demo as its user starts it, in a folder and on ports of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.places import ROOT

PATIENCE_S = 60


@dataclass(frozen=True)
class Running:
    """A demo that answered /readyz; `about` is its demo.json."""

    about: dict[str, Any]
    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def said(self) -> str:
        """Everything it printed so far."""
        return (self.folder / "server.log").read_text()

    @property
    def base(self) -> str:
        return str(self.about["base_url"])

    def put(self, path: str, body: dict[str, Any]) -> int:
        """PUT to the RIS door; the status."""
        request = urllib.request.Request(
            f"{self.base}/api/v1{path}",
            json.dumps(body).encode(),
            method="PUT",
            headers={"Authorization": f"Bearer {self.about['ris_token']}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)

    def get(self, path: str, token: str) -> bytes:
        headers = {"Authorization": f"Bearer {self.about[token]}"}
        with urllib.request.urlopen(urllib.request.Request(self.base + path, headers=headers)) as answer:
            return bytes(answer.read())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def demo(
    folder: Path, port: int | None = None, end: int = signal.SIGTERM, data: Path | None = None
) -> Iterator[Running]:
    """Run the demo (on `data`, else on its sample) until the block ends; `end` is the signal that ends it."""
    port = port or free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CLOUDFILM_")},
        "CLOUDFILM_VAR_DIR": str(folder),
        "DICOM_PORT": str(free_port()),
    }
    command = [sys.executable, "-m", "app.demo", "--port", str(port), *(("--data", str(data)) if data else ())]
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_until_ready(port, process, folder)
        yield Running(json.loads((folder / "demo.json").read_text()), process, folder)
    finally:
        os.killpg(process.pid, end)
        process.wait(timeout=30)


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError("the demo did not get ready:\n" + (folder / "server.log").read_text()[-2000:])

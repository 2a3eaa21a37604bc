"""The demo as its user starts it, in a folder and on ports of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from deploy.testbed.multipart import STOW_TYPE
from deploy.testbed.multipart import body as stow_body
from deploy.testbed.processes import Running, answering, free_port, started


@dataclass(frozen=True)
class Demo:
    """A demo that answered /readyz; `about` is its demo.json."""

    about: dict[str, Any]
    running: Running

    @property
    def said(self) -> str:
        """Everything it printed so far."""
        return self.running.said

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

    def store(self, *files: bytes) -> None:
        """STOW-RS of whole Part-10 files."""
        headers = {"Authorization": f"Bearer {self.about['upload_token']}", "Content-Type": STOW_TYPE}
        address = f"{self.base}/dicomweb/studies"
        with urllib.request.urlopen(urllib.request.Request(address, stow_body(files), headers)) as answer:
            assert answer.status == 200

    def control(self, whose: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Play the world around: one order to the simulated `wechat` or `sms`."""
        data = json.dumps(body).encode() if body is not None else None
        with urllib.request.urlopen(f"{self.about[whose]['base_url']}/control/{path}", data, timeout=30) as answer:
            return json.loads(answer.read())

    def texts(self, phone: str) -> list[str]:
        """What a phone got, newest last."""
        return [message["text"] for message in self.control("sms", f"messages?phone={phone}")]

    def notices(self, openid: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("wechat", f"notices?openid={openid}")
        return found

    def get(self, path: str, token: str) -> bytes:
        headers = {"Authorization": f"Bearer {self.about[token]}"}
        with urllib.request.urlopen(urllib.request.Request(self.base + path, headers=headers)) as answer:
            return bytes(answer.read())


def agreed(page: Page, base: str) -> None:
    """Agree where the page asks: a patient is asked once, before the first look."""
    page.wait_for_url(re.compile(f"{re.escape(base)}/(consent|exams)"))
    if page.url == f"{base}/consent":
        page.get_by_role("button", name="同意，查看检查").click()
        page.wait_for_url(re.compile("/exams"))


@contextmanager
def demo(
    folder: Path, port: int | None = None, end: signal.Signals = signal.SIGTERM, data: Path | None = None
) -> Iterator[Demo]:
    """Run the demo (on `data`, else on its sample) until the block ends; `end` is the signal that ends it."""
    port = port or free_port()
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CLOUDFILM_")},
        "CLOUDFILM_VAR_DIR": str(folder),
        "DICOM_PORT": str(free_port()),
    }
    command = [sys.executable, "-m", "app.demo", "--port", str(port), *(("--data", str(data)) if data else ())]
    ready = answering(f"http://127.0.0.1:{port}/readyz")
    with started(command, folder / "server.log", environ, ready, end) as running:
        yield Demo(json.loads((folder / "demo.json").read_text()), running)

"""`make demo DEMO_DATA=folder`: comes up whatever the folder holds, shows each study, takes in what is added later."""

from __future__ import annotations

import http.cookiejar
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from deploy.testbed.processes import free_port
from tests.factories.demo_server import Demo, demo
from tests.places import ROOT
from tests.shared_data import needs

pytestmark = pytest.mark.server


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Browser:
    """Keeps cookies, follows nothing."""

    def __init__(self, base: str) -> None:
        self.base = base
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies, _StayHere)

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, bytes, str]:
        """Status, body, and where it leads."""
        data = urllib.parse.urlencode(form).encode() if form else None
        try:
            with self._opener.open(self.base + path, data, timeout=30) as answer:
                return int(answer.status), answer.read(), ""
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read(), answer.headers.get("Location", "")


def agree(browser: Browser) -> None:
    """As a patient does once, before the first look."""
    page = browser.ask("/consent")[1].decode()
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    assert browser.ask("/consent", {"csrf_token": token, "action": "agree"})[0] in (200, 303)


def frames_seen(running: Demo, exam: dict[str, Any]) -> int:
    """Open the exam as its patient, look at every picture; how many there were."""
    browser, person = Browser(running.base), exam["patient"]
    form = {"phone": person["phone"], "factor": person["id_number"][-4:]}
    status, _, opened = browser.ask(exam["sms_url"].removeprefix(running.base), form)
    assert status == 303
    agree(browser)
    manifest = json.loads(browser.ask(f"{opened}/manifest.json")[1])
    seen = 0
    for series in manifest["series"]:
        for k in range(1, series["frames"] + 1):
            status, picture, _ = browser.ask(f"{opened}/series/{series['n']}/frames/{k}.jpg")
            assert (status, picture[:2]) == (200, b"\xff\xd8")
            seen += 1
    return seen


def test_studies_that_share_one_accession_number_are_each_shown_to_their_own_patient(tmp_path: Path) -> None:
    with demo(tmp_path, data=needs("charset-chinese-a")) as running:
        exams = running.about["exams"]
        assert len({exam["accession_number"] for exam in exams}) == len(exams) == 7
        assert {exam["patient"]["name"] for exam in exams} >= {"张三", "李四", "王五", "赵六", "孙七", "欧阳娜娜"}
        assert all(exam["pickup_code"] and exam["study_instance_uid"] for exam in exams)
        assert [frames_seen(running, exam) for exam in exams] == [1] * 7
        assert "7 exams, 7 shown in full" in running.said


def test_a_folder_of_broken_files_comes_up_and_says_what_was_not_taken(tmp_path: Path) -> None:
    with demo(tmp_path, data=needs("malformed-a")) as running:
        said = running.said
        assert "not taken, kept in quarantine: MR_truncated.dcm: truncated: pixel data end early" in said
        assert "SOURCE.txt" not in said
        assert len(running.about["exams"]) == 13
        quarantine = json.loads(running.get("/api/v1/quarantine", "read_token"))
        assert len(quarantine) == said.count("not taken, kept in quarantine") > 10


def test_what_is_added_between_starts_is_taken_in_and_the_rest_stays_as_it_was(tmp_path: Path) -> None:
    source, data, var = needs("ct-chest-lidc-0001-0003-partial"), tmp_path / "data", tmp_path / "var"
    data.mkdir()
    var.mkdir()
    shutil.copytree(source / "LIDC-IDRI-0001", data / "LIDC-IDRI-0001")
    with demo(var, data=data, end=signal.SIGKILL) as running:
        port, before = int(running.base.rpartition(":")[2]), running.about["exams"]
        assert len(before) == 1
    for name in ("LIDC-IDRI-0002", "LIDC-IDRI-0003"):
        shutil.copytree(source / name, data / name)
    with demo(var, port, data=data) as running:
        after = running.about["exams"]
        assert before[0] in after
        assert len(after) == 3
        assert sorted(frames_seen(running, exam) for exam in after) == [11, 12, 16]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (None, "there is no {data}"),
        ({}, "{data} is an empty folder"),
        ({"a.jpg": b"x", "b.jpg": b"x", "notes": b"x"}, "no DICOM file in {data}: found 2 .jpg, 1 without a suffix"),
    ],
)
def test_data_that_cannot_be_shown_is_one_clear_sentence(
    tmp_path: Path, files: dict[str, bytes] | None, said: str
) -> None:
    data = tmp_path / "data"
    if files is not None:
        data.mkdir()
        for name, content in files.items():
            (data / name).write_bytes(content)
    ended = _run(tmp_path, "--data", str(data))
    assert (ended.returncode, ended.stderr.strip()) == (1, "DEMO_DATA: " + said.format(data=data))
    assert not (tmp_path / "var" / "demo.json").exists()


def test_a_folder_whose_every_dicom_file_is_refused_says_so_after_naming_each(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "broken.dcm").write_bytes(bytes(128) + b"DICM" + b"no header")
    ended = _run(tmp_path, "--data", str(data))
    lines = ended.stderr.strip().splitlines()
    assert ended.returncode == 1
    assert lines[0].startswith("not taken, kept in quarantine: broken.dcm: ")
    assert lines[-1] == f"DEMO_DATA: nothing in {data} can be shown: all 1 files were refused"


def test_a_port_that_is_taken_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ended = _run(tmp_path, "--port", str(port))
    told = f"PORT: something listens on 127.0.0.1:{port} already. Choose another: make demo PORT={port + 1}"
    assert (ended.returncode, ended.stderr.strip()) == (1, told)


def test_ctrl_c_ends_the_demo_without_killing_its_process(tmp_path: Path) -> None:
    with demo(tmp_path) as running:
        connection = socket.create_connection(("127.0.0.1", int(running.base.rpartition(":")[2])))
        with connection:  # a browser keeps its connection
            assert running.running.end(signal.SIGINT) == 0  # to the whole group, as a terminal sends it
        assert "SIGKILL" not in running.said
        assert "Traceback" not in running.said


def _run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "CLOUDFILM_VAR_DIR": str(folder / "var"), "DICOM_PORT": str(free_port())}
    command = [sys.executable, "-m", "app.demo", *options]
    if "--port" not in options:
        command += ["--port", str(free_port())]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60)

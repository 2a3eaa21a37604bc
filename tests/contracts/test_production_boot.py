"""`wsgi.py` under real gunicorn with the shipped configuration, as production starts it, or refuses to."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from deploy.testbed.processes import finished, free_port
from deploy.testbed.servers import gunicorn, gunicorn_command
from tests.factories.front import HERE
from tests.factories.production import production
from tests.places import ROOT

pytestmark = pytest.mark.server


def get(port: int, path: str) -> tuple[int, bytes, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return answer.status, answer.read(), answer.headers


def test_it_boots_and_is_alive_and_ready(tmp_path: Path) -> None:
    with gunicorn(tmp_path, environ=production(tmp_path) | HERE) as server:
        assert get(server.port, "/healthz")[:2] == (200, b"ok\n")
        status, body, _ = get(server.port, "/readyz")
        assert (status, json.loads(body)) == (200, dict.fromkeys(("database", "store", "queue"), "ok"))
        status, _, headers = get(server.port, "/")
        assert status == 200
        assert "max-age" in headers["Strict-Transport-Security"]


def objects_left_alone(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """An application that tells how many objects its process's garbage collector passes over."""
    start_response("200 OK", [])
    return [str(gc.get_freeze_count()).encode()]


def test_the_garbage_collector_leaves_what_was_loaded_alone(tmp_path: Path) -> None:
    with gunicorn(tmp_path, application=f"{__name__}:objects_left_alone", environ=production(tmp_path)) as server:
        assert int(get(server.port, "/")[1]) > 10_000


def test_it_refuses_a_key_file_that_others_may_read_and_names_the_fault_once(tmp_path: Path) -> None:
    environment = production(tmp_path)
    (tmp_path / "keys.json").chmod(0o644)
    code, said = finished(gunicorn_command(free_port()), environment)
    assert code != 0
    assert said.count("CLOUDFILM_KEY_FILE: keys.json: must be a file that only its owner can read (chmod 600)") == 1
    assert "Traceback" not in said
    assert "Booting worker" not in said


def test_faults_found_only_when_parts_are_opened_are_named_once_and_no_worker_is_started(tmp_path: Path) -> None:
    secret = "hunter2hunter2"
    environment = {
        **production(tmp_path),
        "CLOUDFILM_TENCENT_TEMPLATE_IDS": "one_time_code=7",
        "CLOUDFILM_DATABASE_URL": f"postgresql+psycopg://film:{secret}@127.0.0.1:{free_port()}/film",
    }
    code, said = finished(gunicorn_command(free_port()), environment)
    assert code != 0
    assert said.count("TEMPLATE_IDS lacks ready_t0_2") == 1
    assert said.count("database does not answer") == 1
    assert "Booting worker" not in said
    assert "Traceback" not in said
    assert secret not in said


def test_without_the_shipped_configuration_it_stops_as_well_instead_of_trying_for_ever(tmp_path: Path) -> None:
    environment = production(tmp_path)
    (tmp_path / "keys.json").unlink()
    command = gunicorn_command(free_port())
    bare = [command[0], *command[3:]]
    code, said = finished(bare, environment)
    assert code == 3
    assert "CLOUDFILM_KEY_FILE: keys.json: cannot be read" in said
    assert said.count("Booting worker") == 1


def test_nothing_of_the_demo_is_loaded_in_production(tmp_path: Path) -> None:
    told = "import sys, wsgi; print(*(name for name in sys.modules if name.startswith('app.')))"
    done = subprocess.run(
        [sys.executable, "-c", told],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **production(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
    )
    loaded = done.stdout.split()
    assert "app.services.exams.registration" in loaded
    assert not [name for name in loaded if name.startswith("app.demo")]

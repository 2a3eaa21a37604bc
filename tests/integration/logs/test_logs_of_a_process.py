"""What Python itself would print with its message: uncaught exceptions, in threads too, finalizers, worker steps."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from sqlalchemy.exc import StatementError
from werkzeug.serving import make_server

from app.bootstrap import Services
from app.jobs.worker import Worker
from app.services.pictures.completion import PREPARE
from tests.factories.house import services
from tests.factories.leaks import leaks
from tests.factories.log_output import written
from tests.places import ROOT

SECRETS = ("王小芳", "13912345678", "12010119600102002X", "K7M2QX", "482913", "Wang^Xiaofang", "hunter 2!")
SAID = " ".join(SECRETS)
PREAMBLE = """
import logging, sys, threading, warnings
from app import logs
logs.configure()
said = sys.stdin.read()
"""
ENDINGS = {
    "main": "raise ValueError(said)",
    "thread": "t = threading.Thread(target=lambda: [][said]); t.start(); t.join()",
    "finalizer": "A = type('A', (), {'__del__': lambda self: {}[said]}); A()",
    "warning": "warnings.simplefilter('always'); warnings.warn(said)",
    "logging fault": "logging.getLogger('x').error('%d %d', said)",
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
def test_a_process_tells_how_it_failed_without_what_it_handled(ending: str) -> None:
    script = f"{PREAMBLE}\n{ending}\n"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, input=SAID, capture_output=True, text=True, timeout=60
    )
    assert leaks(SECRETS, done.stdout + done.stderr) == []
    assert [json.loads(line)["level"] for line in done.stderr.splitlines()]


def test_the_development_server_quotes_no_request() -> None:
    def fail(environ: Any, _: Any) -> Any:
        raise ValueError(SAID)

    with written() as output:
        server = make_server("127.0.0.1", 0, fail)  # one thread: when it has stopped, all is written
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        with pytest.raises(HTTPError):
            urlopen(f"http://127.0.0.1:{server.server_port}/q/K7M2QX?phone=13912345678")
        server.shutdown()
        server.server_close()
        thread.join(5)
    assert leaks(SECRETS, output.getvalue()) == []
    assert [line["logger"] for line in output.lines()] == ["werkzeug", "werkzeug"]


@pytest.fixture
def house(tmp_path: Path) -> Services:
    return services(tmp_path)


def test_a_sweep_and_a_job_that_fail_are_told_without_what_they_handled(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = threading.Event()

    def fail(*_: Any) -> int:
        seen.set()
        raise StatementError(SAID, "SELECT :name", {"name": SAID}, ValueError(SAID))

    monkeypatch.setattr("app.jobs.worker.SWEEPS", (fail,))
    monkeypatch.setattr("app.jobs.worker.JOBS", {PREPARE: fail})
    with house.db.session() as session:
        house.queue.enqueue(session, PREPARE, "one")
    with written() as output:
        assert house.worker.run_job()
        running = Worker(house.worker.work)
        running.start()
        assert seen.wait(20)
        running.stop()
    told = [line["event"] for line in output.lines()]
    assert {"job failed", "worker step failed"} <= set(told)
    assert leaks(SECRETS, output.getvalue()) == []

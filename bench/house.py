"""A folder on a real disk to measure in, and an exam in it that was taken in, prepared and released as usual."""

from __future__ import annotations

import http.client
import io
import tempfile
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from app.bootstrap import Services, build
from app.services.ingest.incoming import IncomingObject, Stored
from bench.study import NewStudy, new_study
from tests.factories.access import issued
from tests.factories.servers import settings_of

ROOT = Path(__file__).resolve().parent.parent
MOST_STEPS = 100


@contextmanager
def working_folder() -> Iterator[Path]:
    """Under the checkout, not under /tmp, which may lie in memory, where fsync costs nothing."""
    parent = ROOT / "var"
    parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as folder:
        yield Path(folder)


@contextmanager
def opened(folder: Path, decode_workers: int = 2) -> Iterator[Services]:
    """The services of the folder's house, in this process."""
    services = build(replace(settings_of(folder), decode_workers=decode_workers))
    try:
        yield services
    finally:
        services.pictures.renderer.close()
        services.db.dispose()


def take_in(services: Services, accession_number: str) -> NewStudy:
    """A new study, stored but not prepared."""
    study = new_study(accession_number)
    outcomes = services.ingest.ingest.receive(
        [IncomingObject(io.BytesIO(file)) for file in study.files], "cli", "bench"
    )
    if not all(isinstance(outcome, Stored) for outcome in outcomes):
        raise RuntimeError(f"not stored: {outcomes}")
    return study


@dataclass(frozen=True)
class ShownExam:
    """An exam with 143 prepared slices, and what lets its patient in."""

    id: str
    qr_code: str
    factor: str
    study: NewStudy

    def log_in(self, port: int) -> str:
        """The Cookie header of a new session."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        form = urllib.parse.urlencode({"factor": self.factor})
        connection.request("POST", f"/q/{self.qr_code}", form, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status != 303:
            raise RuntimeError(f"the log-in was answered {answer.status}")
        cookies = answer.headers.get_all("Set-Cookie") or []
        return "; ".join(cookie.partition(";")[0] for cookie in cookies)


def shown_exam(services: Services) -> ShownExam:
    exam = issued(services, "BENCH-1")
    study = take_in(services, "BENCH-1")
    services.pictures.completion.complete_now(study.uid)
    for _ in range(MOST_STEPS):
        if not (services.worker.run_sweeps() | services.worker.run_job()):
            break
    return ShownExam(exam.exam_id, exam.qr, exam.factor, study)

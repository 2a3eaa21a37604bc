"""The folder that benchmarks work in, with a demo installation ("house"), and an exam that was taken in, prepared and
released as usual. No measuring.
"""

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
from app.repos.exams import exams
from app.services.ingest.incoming import IncomingObject, Stored
from app.web.machine.ris.bodies import exam_input
from bench.study import PATIENT, NewStudy, Patient, new_study
from deploy.testbed.processes import ROOT
from deploy.testbed.servers import settings_of

MOST_STEPS = 100


@contextmanager
def working_folder() -> Iterator[Path]:
    """A folder in the checkout. /tmp may be in memory, where fsync costs nothing."""
    parent = ROOT / "var"
    parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as folder:
        yield Path(folder)


@contextmanager
def opened(folder: Path, decode_workers: int = 2, **settings: str) -> Iterator[Services]:
    """The services of the installation in the folder, in this process. `settings`: more settings, by variable."""
    services = build(replace(settings_of(folder, **settings), decode_workers=decode_workers))
    try:
        yield services
    finally:
        services.pictures.renderer.close()
        services.db.dispose()


def take_in(services: Services, accession_number: str, made: NewStudy | None = None) -> NewStudy:
    """A study (without `made` a new one of 143 slices), stored but not prepared."""
    study = made or new_study(accession_number)
    outcomes = services.ingest.ingest.receive(
        [IncomingObject(io.BytesIO(file)) for file in study.files], "cli", "bench"
    )
    if not all(isinstance(outcome, Stored) for outcome in outcomes):
        raise RuntimeError(f"not stored: {outcomes}")
    return study


def bearer(services: Services, *scopes: str) -> dict[str, str]:
    """The Authorization header of a new machine with these scopes."""
    token = services.machines.tokens.create("bench " + " ".join(scopes), set(scopes), actor="bench")
    return {"Authorization": f"Bearer {token}"}


@dataclass(frozen=True)
class OpenExam:
    """An exam, and what its patient needs to log in."""

    id: str
    qr_code: str

    def log_in(self, port: int) -> str:
        """The Cookie header of a new session."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        form = urllib.parse.urlencode({"factor": PATIENT.factor})
        connection.request("POST", f"/q/{self.qr_code}", form, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status != 303:
            raise RuntimeError(f"the log-in was answered {answer.status}")
        cookies = answer.headers.get_all("Set-Cookie") or []
        return "; ".join(cookie.partition(";")[0] for cookie in cookies)


def registered(services: Services, accession_number: str, patient: Patient = PATIENT) -> OpenExam:
    """The exam that a new study of this accession number belongs to."""
    body = {
        "patient": patient.in_exam(),
        "modality": "CT",
        "body_part": "胸部",
        "department": "呼吸科",
        "performed_at": "2026-03-02T08:30:00+08:00",
    }
    services.exams.registration.register(accession_number, exam_input(body), "machine:ris")
    with services.db.session() as session:
        exam = exams.exam_by_accession(session, accession_number)
        if exam is None:
            raise RuntimeError("the exam was not registered")
        return OpenExam(exam.id.hex, services.patient_access.codes.qr_code(session, exam))


def shown_exam(
    services: Services, accession_number: str = "BENCH-1", made: NewStudy | None = None
) -> tuple[OpenExam, NewStudy]:
    """An exam with the prepared slices of a study, without `made` 143 of them."""
    exam = registered(services, accession_number)
    study = take_in(services, accession_number, made)
    services.pictures.completion.complete_now(study.uid)
    work_off(services)
    return exam, study


def work_off(services: Services) -> None:
    """What a worker does until nothing is left."""
    for _ in range(MOST_STEPS):
        if not (services.worker.run_sweeps() | services.worker.run_job()):
            break

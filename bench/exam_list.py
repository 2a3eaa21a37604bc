"""Milliseconds of the list of a patient with 200 exams, whom the phone door let in: median, and 95 of 100 requests."""

from __future__ import annotations

import statistics
import time
import uuid

from app.bootstrap import Services
from app.models import PatientSession
from app.repos.exams import exams as exam_repo
from app.repos.exams import patients
from app.services.session_times import SESSION_LIFETIME
from bench.house import opened, working_folder
from bench.load import fetch_all
from bench.opens import told
from bench.servers import cloudfilm

EXAMS, ROUNDS = 200, 60


def run() -> None:
    with working_folder() as folder:
        with opened(folder) as services:
            for number in range(EXAMS):
                told(services, f"LIST{number}", "P1")
            cookie = _let_in(services, "LIST0")
        with cloudfilm(folder) as server:
            header = f"Cookie: cf-patient={cookie}\r\n"
            [page] = fetch_all(server.port, ["/exams"], header)
            if page.count(b"exam-link") < EXAMS:
                raise RuntimeError("the list lacks exams")
            took = [_once(server.port, header) for _ in range(ROUNDS)]
    p95 = statistics.quantiles(took, n=20)[-1]
    print(f"  {1000 * statistics.median(took):6.1f} ms median, {1000 * p95:.1f} ms p95 of {EXAMS} exams")


def _once(port: int, header: str) -> float:
    started = time.perf_counter()
    fetch_all(port, ["/exams"], header)
    return time.perf_counter() - started


def _let_in(services: Services, accession_number: str) -> str:
    """The cookie of a session of the person with this exam, as the phone door begins it."""
    now = services.clock.now()
    with services.db.session() as session:
        exam = exam_repo.exam_by_accession(session, accession_number)
        if exam is None:
            raise RuntimeError("the exam was not registered")
        patient = patients.patient(session, exam.patient_id)
        row = PatientSession(
            id=uuid.uuid4(),
            phone_hash=patient.phone_hash,
            id_number_hash=patient.id_number_hash,
            created_at=now,
            last_seen_at=now,
            expires_at=now + SESSION_LIFETIME,
        )
        session.add(row)
    return services.patient_access.tokens.issue(row.id)

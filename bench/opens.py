"""Exams opened a second: the factor is verified and the page is answered, over 64 connections, by 1 and 2 processes.

Each connection opens an exam of its own, again and again, as many patients do whose messages came together.
"""

from __future__ import annotations

import http.client
import threading
import time
import urllib.parse
from collections import Counter
from dataclasses import replace

from app.bootstrap import Services
from app.repos.exams import exams as exam_repo
from app.web.machine.ris.bodies import report_input
from bench.house import OpenExam, opened, registered, working_folder
from bench.servers import cloudfilm
from bench.study import PATIENT
from deploy.testbed.servers import Server

CONNECTIONS, SECONDS = 64, 15.0
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
REPORT = {
    "status": "final",
    "findings": "双肺纹理清晰,未见实变影。",
    "impression": "胸部CT平扫未见明显异常。",
    "reporting_doctor": "陈医生",
    "reviewing_doctor": "周主任",
    "reported_at": "2026-03-02T09:30:00+08:00",
}


def run() -> None:
    with working_folder() as folder:
        with opened(folder) as services:
            exams = [told(services, f"OPEN{number}", f"P{number}") for number in range(CONNECTIONS)]
        for processes in (1, 2):
            with cloudfilm(folder, "-w", str(processes)) as server:
                done = _opens(server, exams)
            print(f"  {done / SECONDS:6.1f} opens/s  ({processes} process{'es' if processes > 1 else ''})")


def told(services: Services, accession_number: str, patient_id: str) -> OpenExam:
    """An exam with a report that its patient may see."""
    exam = registered(services, accession_number, replace(PATIENT, patient_id=patient_id))
    services.exams.reports.add(accession_number, report_input(REPORT), "machine:ris")
    with services.db.session() as session:
        row = exam_repo.exam_by_accession(session, accession_number)
        if row is None:
            raise RuntimeError("the exam was not registered")
        row.report_released_at = services.clock.now()
    return exam


def _opens(server: Server, exams: list[OpenExam]) -> int:
    """How many exams were opened in the time."""
    done, start = Counter[int](), threading.Barrier(len(exams))
    until = time.monotonic() + SECONDS

    def one(number: int) -> None:
        start.wait()
        while time.monotonic() < until:
            _open(server.port, exams[number])
            done[number] += 1

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(exams))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(done) < len(exams):
        raise RuntimeError(f"{len(exams) - len(done)} connections opened nothing")
    return done.total()


def _open(port: int, exam: OpenExam) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", f"/q/{exam.qr_code}", urllib.parse.urlencode({"factor": PATIENT.factor}), FORM)
    answer = connection.getresponse()
    answer.read()
    cookies = "; ".join(each.partition(";")[0] for each in answer.headers.get_all("Set-Cookie") or [])
    connection.request("GET", answer.headers.get("Location", "/"), headers={"Cookie": cookies})
    page = connection.getresponse()
    page.read()
    connection.close()
    if (answer.status, page.status) != (303, 200):
        raise RuntimeError(f"answered {answer.status} and {page.status}")

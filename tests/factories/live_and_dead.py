"""Tries at live codes and at dead ones, in pairs, and the code that told them apart before."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, event, func, select
from sqlalchemy.orm import Session
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app.bootstrap import Services
from app.models import AccessAttempts, AuditEvent, Exam, Job, Patient
from app.models.states import AttemptScope
from app.repos.exams import exams as exam_repo
from app.repos.patient_access import codes
from app.security.codes import PICKUP_ALPHABET, normal_factor
from app.services.audit.log import Action
from app.services.patient_access.code_naming import Named
from app.services.patient_access.verification import Verification
from tests.factories.access import Issued, application, issued
from tests.factories.house import services
from tests.factories.paired_times import Prepare, Work

WAYS = ("/q", "/s")
MANY = 10**6 + 1
"""Failures of others in this hour: the next ones at codes of nobody have no row."""
FORMS = {
    "factor": {"factor": "9999"},
    "ask for a one-time code": {"action": "send_code"},
    "one-time code": {"one_time_code": "123456"},
}


class Rig:
    """A house with many live codes, whose commits wait for no disk: that time is the same for all and only noise."""

    def __init__(self, folder: Path, exams: int) -> None:
        self.house: Services = services(folder, log_level="error")
        if self.house.db.engine.dialect.name == "sqlite":
            event.listen(self.house.db.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
            self.house.db.engine.dispose()
        self.app: Flask = application(self.house)
        self.exams: list[Issued] = []
        self.is_crowded = False
        """Whether so many others fail at this time that only a try at a code of ours has a row."""
        for number in range(exams):
            self.exams.append(self._issued(number))
        self._dead = itertools.count()
        self._source = itertools.count()

    def _issued(self, number: int) -> Issued:
        """An exam of a patient of its own, with a pick-up code for a phone of its own."""
        phone = f"139{number:08d}"
        made = issued(self.house, f"A{number}", patient_id=f"P{number}", patient_phone=phone)
        with self.house.db.session() as session:
            row = exam_repo.exam_by_accession(session, f"A{number}")
            assert row is not None
            _, pickup = self.house.patient_access.codes.issue_pickup(session, row, f"+86{phone}")
        return replace(made, phone=phone, pickup=pickup)

    def ask(self, address: str, form: dict[str, str], source: str) -> Prepare:
        """What the server does with a request, once that has arrived."""

        def prepare() -> Work:
            builder = EnvironBuilder(address, method="POST", data=form, environ_base={"REMOTE_ADDR": source})
            environ = builder.get_environ()
            return lambda: run_wsgi_app(self.app.wsgi_app, environ, buffered=True)

        return prepare

    def source(self) -> str:
        number = next(self._source)
        return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"

    def dead(self, length: int) -> str:
        """A code of nobody, as far from the next one as codes are."""
        number = next(self._dead) * 2654435761 % 2**40
        letters = [PICKUP_ALPHABET[number // 30**place % 30] for place in range(8)]
        return ("".join(letters) * 4)[-length:]

    def forget(self) -> None:
        """Every count and request, so that the next tries are first ones."""
        with self.house.db.session() as session:
            session.execute(delete(AccessAttempts))
            session.execute(delete(Job))
        if self.is_crowded:
            self._crowd()

    def _crowd(self) -> None:
        now, key = (
            self.house.clock.now(),
            self.house.patient_access.verification.codes.hash("refused", Action.ACCESS_FAILED),
        )
        with self.house.db.session() as session:
            row = AccessAttempts(scope=AttemptScope.REFUSED, key_hash=key, updated_at=now)
            row.window_count, row.window_started_at = MANY, now
            session.add(row)

    def failures(self) -> int:
        """Rows of the audit log about failed tries."""
        with self.house.db.read() as session:
            failed = AuditEvent.action == Action.ACCESS_FAILED
            return session.scalar(select(func.count()).select_from(AuditEvent).where(failed)) or 0

    def pair(self, way: str, form: dict[str, str], number: int) -> tuple[Prepare, Prepare]:
        """A first try at a live code and one at a dead code, each from an address of its own."""
        if number % len(self.exams) == 0:
            self.forget()
        live, source = self.exams[number % len(self.exams)], (self.source(), self.source())
        if way == "/q":
            return self.ask(f"/q/{live.qr}", form, source[0]), self.ask(f"/q/{self.dead(26)}", form, source[1])
        typed = {"phone": live.phone, **form}
        alive, dead = ({**typed, "pickup_code": code} for code in (live.pickup, self.dead(6)))
        return self.ask("/s", alive, source[0]), self.ask("/s", dead, source[1])


def tell_apart(patch: pytest.MonkeyPatch) -> None:
    """Read and open for live codes what is there, and for dead ones nothing: as it was before."""

    def rows(session: Session, code_hash: bytes) -> object:
        code = codes.code_by_hash(session, code_hash)
        exam = session.get(Exam, code.exam_id) if code else None
        patient = session.get(Patient, exam.patient_id) if exam else None
        return (code, exam, patient) if patient else None

    def is_right(verification: Verification, named: Named, factor: str) -> bool:
        patient = named.patient if named.patient and named.patient.id_number_sealed else None
        number = normal_factor(verification.fields.open_of(patient, "id_number_sealed")) if patient else ""
        return bool(number) and number[-4:] == normal_factor(factor)

    patch.setattr(codes, "nearest_code", rows)
    patch.setattr(Verification, "_factor_is_right", is_right)

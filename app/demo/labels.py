"""Gives a study of DEMO_DATA what its order needs and its header lacks: an accession number of its own, a patient ID.

Test data is full of studies that share an accession number or say nothing of their patient. In a hospital they are held
for a human; here the demo is the human. Only studies that the demo loaded itself are touched, each change is audited.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from app.demo import queries as repo
from app.demo.people import invent_patient_id
from app.dicom.header_fields import HeaderIdentity
from app.identity.names import normal_id, normal_name
from app.identity.sealed import open_identity, seal_identity
from app.models import Study
from app.models.states import Sex
from app.repos.exams import exams as exam_repo
from app.repos.release.gate import matched_studies
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import study_subject
from app.services.exams.input import ACCESSION
from app.services.exams.matching import Matching
from app.services.ingest.orders import replace_orders

ACTOR = "system:demo"


@dataclass(frozen=True, kw_only=True)
class DemoLabels:
    """Every method works inside the caller's transaction."""

    fields: FieldSealer
    blind: BlindIndex
    audit: Audit
    matching: Matching

    def adopt(self, session: Session, study: Study) -> None:
        """A study that came through another door before its files were put into DEMO_DATA."""
        if not study.is_demo:
            study.is_demo = True
            self._record(session, study, ["is_demo"])
            self.matching.study_changed(session, study)

    def complete(self, session: Session, study: Study) -> None:
        """Label the study so that an order can name it alone; nothing is changed where the header says enough."""
        assert study.is_demo  # nobody else's study is ever labelled
        accession, identity = self._accession(session, study), self._identity(study)
        former = study.accession_number
        changed = ["accession_number"] if accession != former else []
        if identity != open_identity(self.fields, study):
            changed.append("identity")
            study.identity_sealed = seal_identity(self.fields, identity, study.id)
            study.patient_id_hash = self.blind.of("patient.patient_id", normal_id(identity.patient_id))
        if not changed:
            return
        left = replace_orders(session, study, [accession]) if accession != former else []
        session.flush()
        self._record(session, study, changed)
        self.matching.study_changed(session, study)
        for number in left:
            exam = exam_repo.exam_by_accession(session, number)
            if exam is not None:
                self.matching.exam_changed(session, exam)

    def _accession(self, session: Session, study: Study) -> str:
        """The header's accession number where it is one and names no other study or order, else an invented one."""
        given = study.accession_number
        if not ACCESSION.match(given) or not self._is_first(session, study):
            return f"DEMO-{hashlib.sha256(study.study_instance_uid.encode()).hexdigest()[:10]}"
        return given

    def _is_first(self, session: Session, study: Study) -> bool:
        exam = exam_repo.exam_by_accession(session, study.accession_number)
        if exam is not None and not exam.is_demo:
            return study.id in {found.id for found in matched_studies(session, exam.id)}
        shown = {found.id for found in matched_studies(session, exam.id)} if exam is not None else set()
        bearers = repo.studies(session, study.accession_number)
        first = min(bearers, key=lambda it: (it.id not in shown, it.created_at, it.study_instance_uid))
        return first.id == study.id

    def _identity(self, study: Study) -> HeaderIdentity:
        """What the header says of the person, without values that are none (`^^^^`, a birth date of 0)."""
        given = open_identity(self.fields, study)
        return replace(
            given,
            patient_id=given.patient_id if normal_id(given.patient_id) else invent_patient_id(study.study_instance_uid),
            names=tuple(name for name in given.names if normal_name(name)),
            sex=given.sex if given.sex in tuple(Sex) else "",
            birth_date=given.birth_date if _is_date(given.birth_date) else "",
        )

    def _record(self, session: Session, study: Study, fields: list[str]) -> None:
        subject = study_subject(study.study_instance_uid)
        self.audit.record(session, Action.STUDY_LABELLED, actor=ACTOR, subject=subject, fields=fields)


def _is_date(text: str) -> bool:
    try:
        return len(text) == 8 and bool(datetime.strptime(text, "%Y%m%d"))  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return False

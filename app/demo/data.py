"""The demo's data: takes in a folder of DICOM, registers an exam for each study, invents its patient and report.

Runs again at every start and adds only what is missing: people, codes and tokens follow from keys and headers. It uses
the same services as the hospital does; labelling what headers lack is `demo_labels`, what is then seen `demo_summary`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.cli import incoming_files
from app.clock import Clock
from app.database import Database
from app.demo import queries as repo
from app.demo.labels import ACTOR, DemoLabels
from app.demo.people import DemoPerson, invent
from app.dicom.person_names import is_chinese
from app.errors import NotFound
from app.identity.sealed import open_identity
from app.models import Exam, Study
from app.models.states import AccessCodeKind, ReportStatus
from app.repos.exams import exams as exam_repo
from app.repos.exams import reports as report_repo
from app.security.fields import FieldSealer
from app.services import in_english
from app.services.exams.input import ExamInput, PatientInput, ReportInput
from app.services.exams.registration import Registration
from app.services.exams.reports import Reports
from app.services.exams.views import ExamViews
from app.services.ingest.incoming import DoorName, IncomingObject, Refused
from app.services.ingest.ingest import Ingest
from app.services.patient_access.codes import AccessCodes
from app.services.wechat.accounts import WechatAccounts
from wechat.playing import Player

NOTES = (".txt", ".md", ".json")
"""Licences and notes beside the images are no mistakes of the sender."""
BATCH_OBJECTS = 64


class NothingTaken(Exception):
    """Every file of DEMO_DATA was refused; `refused` has a line for each."""

    def __init__(self, refused: list[str]) -> None:
        super().__init__(f"{len(refused)} files refused")
        self.refused = refused


@dataclass(frozen=True)
class DemoExam:
    """What the demo's reader needs to walk the whole path. Codes are empty until a message carried one."""

    accession_number: str
    study_instance_uid: str
    person: DemoPerson
    qr_code: str
    pickup_code: str


@dataclass(frozen=True, kw_only=True)
class Demo:
    """`wechat`: the simulated WeChat, where people follow us; None where it is off."""

    db: Database
    clock: Clock
    fields: FieldSealer
    ingest: Ingest
    labels: DemoLabels
    registration: Registration
    reports: Reports
    views: ExamViews
    access_codes: AccessCodes
    wechat_accounts: WechatAccounts
    wechat: Player | None
    secret: bytes

    def load(self, path: Path, words: dict[str, Any]) -> list[str]:
        """Take in every DICOM file of a folder (or zip) and register an exam for each study; returns what could not be
        taken. Raises FileNotFoundError, and NothingTaken when that is everything."""
        uids, refused = self._take(path)  # in the order of their files
        if not uids:
            raise NothingTaken(refused)
        with self.db.session() as session:
            for study in repo.not_adopted(session, uids):
                self.labels.adopt(session, study)
            for study in repo.studies(session):  # all, before the first order could find two studies of its number
                self.labels.complete(session, study)
            studies = repo.studies(session)
        place = {uid: number for number, uid in enumerate(uids)}
        for study in sorted(studies, key=lambda it: place.get(it.study_instance_uid, len(place))):
            self._register(study, words)
        if self.wechat is not None:
            self.wechat.snapshot("oDemo" + self.token("openid:snapshot")[:23], "快照页的访客")
        return refused

    def study_uids(self) -> list[str]:
        with self.db.read() as session:
            return [study.study_instance_uid for study in repo.studies(session)]

    def link_code(self, accession_number: str) -> str:
        """The long code that was issued last and still works, else a new one. Raises NotFound."""
        with self.db.session() as session:
            exam = exam_repo.exam_by_accession(session, accession_number)
            if exam is None:
                raise NotFound
            return (
                self.access_codes.newest(session, exam, AccessCodeKind.LINK)
                or self.access_codes.issue_link(session, exam)[1]
            )

    def pickup_code(self, accession_number: str) -> str:
        """The pick-up code that was issued last and still works, else a new one, whatever messages carry; empty for a
        patient without phone number. Raises NotFound."""
        with self.db.session() as session:
            exam = exam_repo.exam_by_accession(session, accession_number)
            if exam is None:
                raise NotFound
            phone = self.views.patient_of(session, exam).phone
            code = self.access_codes.newest(session, exam, AccessCodeKind.PICKUP)
            if code is None and phone is not None:
                code = self.access_codes.issue_pickup(session, exam, phone)[1]
            return code or ""

    def exams_shown(self) -> list[DemoExam]:
        """The exam of each study, with the codes that open it."""
        with self.db.session() as session:
            return [self._shown(session, exam, study) for exam, study, _ in repo.exams(session)]

    def token(self, purpose: str) -> str:
        """A secret that is the same at every start, made from the key file."""
        return hmac.new(self.secret, purpose.encode(), hashlib.sha256).hexdigest()

    def openid(self, phone: str) -> str:
        """The invented WeChat account on a phone (11 digits)."""
        return "oDemo" + self.token(f"openid:{phone}")[:23]

    def _take(self, path: Path) -> tuple[list[str], list[str]]:
        limits = incoming_files.ZipLimits(member_bytes=self.ingest.reader.limits.file_bytes)
        uids, refused = dict[str, None](), list[str]()
        for batch in _batches(incoming_files.find([path], limits)):
            try:
                images = [item for item in batch if not _is_note(item)]
                outcomes = self.ingest.receive(images, door=DoorName.CLI, actor=ACTOR, is_demo=True)
            finally:
                for item in batch:
                    item.file.close()
            for outcome in outcomes:
                if isinstance(outcome, Refused):
                    refused.append(f"{outcome.name.removeprefix(f'{path}/')}: {in_english.refusal(outcome.reason)}")
                elif outcome.study_instance_uid:
                    uids[outcome.study_instance_uid] = None
        return list(uids), refused

    def _register(self, study: Study, words: dict[str, Any]) -> None:
        """Whatever is missing of the study's exam: an earlier start may have been killed at any point."""
        with self.db.read() as session:
            exam = exam_repo.exam_by_accession(session, study.accession_number)
            modality = repo.modality(session, study.id) or "OT"
        about = words.get(modality, words["other"])
        if exam is None:
            self.registration.register(study.accession_number, self._order(study, modality, about), ACTOR, is_demo=True)
        with self.db.session() as session:
            exam = exam_repo.exam_by_accession(session, study.accession_number)
            assert exam is not None
            if not exam.is_demo:
                return  # an order of the RIS, with a patient of its own
            has_report = report_repo.latest_report(session, exam.id) is not None
            self._bind_wechat(session, exam)
        if not has_report:
            report = ReportInput(
                status=ReportStatus.FINAL,
                findings=about["findings"],
                impression=about["impression"],
                reporting_doctor=words["reporting_doctor"],
                reviewing_doctor=words["reviewing_doctor"],
                reported_at=self.clock.now(),
            )
            self.reports.add(study.accession_number, report, ACTOR)

    def _order(self, study: Study, modality: str, about: dict[str, str]) -> ExamInput:
        person = self._person(study)
        patient = PatientInput(
            patient_id=person.patient_id,
            name=person.name,
            phone="+86" + person.phone,
            id_number=person.id_number,
            birth_date=person.birth_date,
            sex=person.sex,
        )
        return ExamInput(
            patient=patient,
            modality=modality,
            body_part=about["body_part"],
            department=about["department"],
            performed_at=_performed(study) or self.clock.now(),
        )

    def _person(self, study: Study) -> DemoPerson:
        identity = open_identity(self.fields, study)
        name = next((name for name in identity.names if is_chinese(name)), next(iter(identity.names), ""))
        words = name.replace("^", " ").split()
        born = identity.birth_date
        return invent(
            patient_id=identity.patient_id,
            name=("" if is_chinese(name) else " ").join(words),
            sex=identity.sex,
            birth_date=f"{born[:4]}-{born[4:6]}-{born[6:8]}" if born else "",
        )

    def _bind_wechat(self, session: Session, exam: Exam) -> None:
        """Before the exam is released, so that a notice goes out besides the text message."""
        patient = self.views.patient_of(session, exam)
        if patient.phone is None or self.wechat is None:
            return
        openid = self.openid(patient.phone.removeprefix("+86"))
        self.wechat.follow(openid, patient.name)
        self.wechat_accounts.bind(session, exam.patient_id, openid, ACTOR)

    def _shown(self, session: Session, exam: Exam, study: Study) -> DemoExam:
        patient = self.views.patient_of(session, exam)
        person = DemoPerson(
            patient_id=patient.patient_id,
            name=patient.name,
            sex=patient.sex,
            birth_date=patient.birth_date,
            phone=(patient.phone or "").removeprefix("+86"),
            id_number=patient.id_number or "",
        )
        return DemoExam(
            accession_number=exam.accession_number,
            study_instance_uid=study.study_instance_uid,
            person=person,
            qr_code=self.access_codes.qr_code(session, exam),
            pickup_code=self.access_codes.newest(session, exam, AccessCodeKind.PICKUP) or "",
        )


def _batches(objects: Iterator[IncomingObject]) -> Iterator[list[IncomingObject]]:
    while batch := list(islice(objects, BATCH_OBJECTS)):
        yield batch


def _is_note(item: IncomingObject) -> bool:
    return item.name.rstrip("'\"").lower().endswith(NOTES)  # a zip member's name is quoted


def _performed(study: Study) -> datetime | None:
    text = str(study.attributes.get("StudyDate", "") or "")
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None

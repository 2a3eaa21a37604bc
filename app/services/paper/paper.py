"""Prints the QR and the report sheet of an exam. Layout is in `report_sheet`, codes are in services/patient_access."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.database import Database
from app.errors import InvalidInput, NotFound
from app.models import Exam
from app.repos.exams import exams as repo
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import exam_subject
from app.services.exams.input import accession_number as usable_number
from app.services.exams.views import ExamViews, anonymised
from app.services.paper import qr, report_sheet
from app.services.paper.stamped_pdf import Wanted
from app.services.paper.stamping import Stamping
from app.services.patient_access.codes import AccessCodes


@dataclass(frozen=True, kw_only=True)
class Paper:
    """Decides what is printed of an exam. Raises NotFound, GlyphMissing."""

    db: Database
    exams: ExamViews
    access_codes: AccessCodes
    audit: Audit
    stamping: Stamping
    base_url: str
    hospital_name: str

    def qr_url(self, accession_number: str, actor: str, form: str = "qr") -> str:
        """The address in the exam's QR. Printing it, alone or on a sheet, is audited.

        Raises NotFound, also for what can be no accession number.
        """
        try:
            number = usable_number(accession_number)
        except InvalidInput:
            raise NotFound from None
        with self.db.session() as session:
            exam = repo.exam_by_accession(session, number)
            if exam is None:
                raise NotFound
            self.audit.record(session, Action.QR_PRINTED, actor=actor, subject=exam_subject(exam.id), form=form)
            return self._address(session, exam)

    def qr_svg(self, accession_number: str, actor: str) -> bytes:
        return qr.svg(self.qr_url(accession_number, actor))

    def qr_png(self, accession_number: str, actor: str) -> bytes:
        return qr.png(self.qr_url(accession_number, actor))

    def sheet(self, accession_number: str, actor: str) -> bytes:
        """The report sheet as PDF. Raises NotFound."""
        url = self.qr_url(accession_number, actor, form="report-sheet")
        return report_sheet.render(self.exams.by_accession(accession_number), url, self.hospital_name)

    def stamped(self, accession_number: str, pdf: bytes, wanted: Wanted, actor: str) -> bytes:
        """The RIS's own report with the exam's QR on it. Raises NotFound, InvalidInput, Busy."""
        return self.stamping.stamp(pdf, self.qr_url(accession_number, actor, form="stamped"), wanted)

    def sheet_of(self, exam_id: uuid.UUID, actor: str) -> bytes:
        """The report sheet by the exam's id, for the desk."""
        return self.sheet(self.exams.by_id(exam_id).accession_number, actor)

    def download(self, exam_id: uuid.UUID) -> bytes:
        """The report sheet for a patient who was let in. The caller audits the download. Raises NotFound."""
        view = self.exams.by_id(exam_id)
        with self.db.session() as session:
            exam = repo.exam(session, exam_id)
            if exam is None:
                raise NotFound
            url = self._address(session, exam)
        return report_sheet.render(view, url, self.hospital_name)

    def copy(self, exam_id: uuid.UUID, *, anonymous: bool) -> bytes:
        """The same for whom the patient let in, without the QR: it leads to the patient's own door. Raises NotFound."""
        view = self.exams.by_id(exam_id)
        return report_sheet.render(anonymised(view) if anonymous else view, None, self.hospital_name)

    def _address(self, session: Session, exam: Exam) -> str:
        return f"{self.base_url}/q/{self.access_codes.qr_code(session, exam)}"

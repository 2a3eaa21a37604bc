"""Adds versions of reports and opens them for reading. Printing is in services/paper."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import Conflict, NotFound
from app.models import Report
from app.models.states import READABLE, ReportStatus
from app.repos.exams import exams as exam_repo
from app.repos.exams import reports as repo
from app.repos.exams.revision import raise_exam_revision
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import exam_subject
from app.services.exams.amendments import Amendments
from app.services.exams.input import ReportInput
from app.services.release.sensitivity import ReportTexts, Sensitivity


@dataclass(frozen=True, kw_only=True)
class ReportView(ReportInput):
    version: int


@dataclass(frozen=True)
class FormerReport:
    version: int
    reported_at: datetime


@dataclass(frozen=True, kw_only=True)
class Reports:
    """Decides whether a report is a new version. Reports are sealed at rest. Raises NotFound, Conflict."""

    db: Database
    clock: Clock
    fields: FieldSealer
    blind: BlindIndex
    audit: Audit
    sensitivity: Sensitivity
    amendments: Amendments

    def add(self, accession_number: str, report: ReportInput, actor: str) -> bool:
        """Add a report version; True when it is the first. The same content again adds no version.

        Raises NotFound, and Conflict for a preliminary or a plain final version after a final one.
        """
        content = {name: value for name, value in asdict(report).items() if name not in ("status", "reported_at")}
        if not report.critical:
            del content["critical"]  # as before there was such a mark: a report sent again is no new version
        text = json.dumps(content, ensure_ascii=False, sort_keys=True)
        # hashed first: a blind index treats `10³` like `103`, but in a report they differ
        whole = hashlib.sha256("|".join((report.status, report.reported_at.isoformat(), text)).encode()).hexdigest()
        digest = self.blind.of("report", whole)
        with self.db.session() as session:
            exam = exam_repo.exam_by_accession(session, accession_number)
            if exam is None:
                raise NotFound
            latest = repo.latest_report(session, exam.id)
            if latest is not None and latest.content_sha256 == digest:
                return False
            if latest is not None and latest.status in READABLE and report.status != ReportStatus.AMENDED:
                raise Conflict("a final report is only changed by an amended one")
            row = Report(
                id=uuid.uuid4(),
                exam_id=exam.id,
                version=latest.version + 1 if latest else 1,
                status=report.status,
                content_sha256=digest,
                reported_at=report.reported_at,
                created_at=self.clock.now(),
            )
            self.fields.seal_into(row, "content_sealed", text)
            exam_repo.add(session, row)
            raise_exam_revision(session, exam.id)
            self.audit.record(
                session,
                Action.REPORT_ADDED,
                actor=actor,
                subject=exam_subject(exam.id),
                version=row.version,
                status=row.status,
            )
            if row.status in READABLE:
                session.refresh(exam)  # its row is locked since its revision rose
                texts = (report.findings, report.impression)
                self.sensitivity.judge(session, exam, ReportTexts(row.version, texts, report.critical))
            if row.status == ReportStatus.AMENDED:
                self.amendments.tell(session, exam)
            return latest is None

    def versions(self, exam_id: uuid.UUID) -> list[ReportView]:
        """All report versions, oldest first, for staff."""
        with self.db.read() as session:
            return [self._opened(row) for row in repo.reports(session, exam_id)]

    def newest_readable(self, session: Session, exam_id: uuid.UUID) -> ReportView | None:
        """The newest version that patients may read."""
        row = repo.latest_released_report(session, exam_id)
        return self._opened(row) if row else None

    def newest_version(self, exam_id: uuid.UUID) -> int:
        """Of the report that patients may read; 0 while there is none."""
        with self.db.read() as session:
            return repo.newest_readable_version(session, exam_id)

    def former(self, session: Session, exam_id: uuid.UUID) -> tuple[FormerReport, ...]:
        """Versions that patients could read, but for the newest, the oldest first."""
        rows = [row for row in repo.reports(session, exam_id) if row.status in READABLE]
        return tuple(FormerReport(row.version, row.reported_at) for row in rows[:-1])

    def _opened(self, row: Report) -> ReportView:
        content = json.loads(self.fields.open_of(row, "content_sealed"))
        return ReportView(version=row.version, status=row.status, reported_at=row.reported_at, **content)

"""Exams as the RIS registers them, and their report versions. Images are in `study`, codes and sessions in `access`."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text, true
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, NamedByAccession, UuidKey, accession_key

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""A due time that is always in the past."""


LONGEST_IN_DICOM = 16
"""Characters of an accession number in a header."""


def cut_key(number: str) -> str | None:
    """The key of what a device makes of a longer accession number; None of one that fits."""
    key = accession_key(number)
    return key[:LONGEST_IN_DICOM] if len(key) > LONGEST_IN_DICOM else None


class Exam(NamedByAccession, Base):
    """An exam; it is billed once, by its accession number. `id` is random and names the exam in URLs."""

    __tablename__ = "exam"
    __table_args__ = (
        Index(
            "ix_exam_release_due_at",
            "release_due_at",
            postgresql_where=text("release_due_at IS NOT NULL"),
            sqlite_where=text("release_due_at IS NOT NULL"),
        ),
        Index(
            "ix_exam_held",
            "held_at",
            postgresql_where=text("held_at IS NOT NULL"),
            sqlite_where=text("held_at IS NOT NULL"),
        ),
        Index(
            "ix_exam_without_pictures",
            "report_released_at",
            postgresql_where=text("report_released_at IS NOT NULL AND images_released_at IS NULL"),
            sqlite_where=text("report_released_at IS NOT NULL AND images_released_at IS NULL"),
        ),
        Index(
            "ix_exam_search_due",
            "performed_at",
            postgresql_where=text("search_due"),
            sqlite_where=text("search_due = 1"),
        ),
    )

    id: Mapped[UuidKey]
    accession_number: Mapped[str] = mapped_column(String(64), unique=True)
    cut_accession_key: Mapped[str | None] = mapped_column(
        String(16), index=True, default=lambda row: cut_key(row.get_current_parameters()["accession_number"])
    )
    """What a device makes of a longer accession number (PS3.5 6.2: 16 characters of SH); None of one that fits."""
    patient_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("patient.id"), index=True)
    modality: Mapped[str] = mapped_column(String(16))
    body_part: Mapped[str] = mapped_column(String(64))
    department: Mapped[str] = mapped_column(String(64))
    performed_at: Mapped[datetime]
    is_demo: Mapped[bool] = mapped_column(default=False)
    code_generation: Mapped[int] = mapped_column(default=1)
    """Rises when the QR code is revoked. The code is derived from this number, so the old code never comes back."""
    held_at: Mapped[datetime | None]
    """While this is set, the patient sees no pictures and no report, and gets no message about the exam."""
    held_reason: Mapped[str | None] = mapped_column(String(64))
    """`HoldReason`."""
    held_note: Mapped[str | None] = mapped_column(String(64))
    """What staff typed when they held the exam."""
    sensitive_at: Mapped[datetime | None]
    """Since when a rule of sensitive results keeps the exam from its patient, whatever else holds it."""
    sensitive_released_version: Mapped[int | None]
    """The newest version of the report when staff released a sensitive result by hand; 0: there was no report."""
    images_released_at: Mapped[datetime | None]
    """When the release gate opened. Before that, the patient sees no pictures and gets no message about them."""
    report_released_at: Mapped[datetime | None]
    """Set when the report was told alone, because no pictures had come."""
    release_due_at: Mapped[datetime | None]
    """When to look at the release gate again; None when only a change of the exam can open it."""
    revision: Mapped[int] = mapped_column(default=1)
    search_due: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Its rows of `ExamSearchKey` are missing, or of before a correction."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def told_from(self) -> datetime | None:
        """Since when there is something to tell its patient: pictures, or the report alone."""
        return self.images_released_at or self.report_released_at


class ExamSearchKey(Base):
    """Blind index of what the desk finds an exam by: name of the patient, family name, both in pinyin, initials, the
    last four of phone and ID number. With the time of the exam: the newest of many are the first of an index."""

    __tablename__ = "exam_search_key"

    key_hash: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    performed_at: Mapped[datetime] = mapped_column(primary_key=True)
    exam_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("exam.id"), primary_key=True, index=True)


class Report(Base):
    """One version of an exam's report. A version never changes; a new version is a new row."""

    __tablename__ = "report"
    __table_args__ = (UniqueConstraint("exam_id", "version"),)

    id: Mapped[UuidKey]
    exam_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("exam.id"), index=True)
    version: Mapped[int]
    status: Mapped[str] = mapped_column(String(16))
    """`ReportStatus`"""
    content_sealed: Mapped[bytes]
    """JSON {findings, impression, reporting_doctor, reviewing_doctor}, sealed under context `report.content`."""
    content_sha256: Mapped[bytes]
    """Keyed blind index of the whole content with status and time. So a repeated PUT adds no version."""
    reported_at: Mapped[datetime]
    created_at: Mapped[datetime]

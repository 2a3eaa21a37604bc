"""The archive's index: data keys, studies, series, instances, quarantine. Bytes are in the object store, sealed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text, true
from sqlalchemy.orm import Mapped, mapped_column, validates

from app.models.base import Base, NamedByAccession, UuidKey, accession_key
from app.models.exam import cut_key
from app.models.states import MatchState, StudyState


class DataKeyRow(Base):
    """A data key, wrapped by a master key. Each study has one data key, and each quarantined object has one."""

    __tablename__ = "data_key"

    id: Mapped[UuidKey]
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime]


class Study(Base):
    """`state` (`StudyState`) says how far its pictures are prepared. A late instance sets the state back to receiving
    and raises `revision`. Whose patients may see it, its rows of `StudyOrder` say."""

    __tablename__ = "study"
    __table_args__ = (
        Index("ix_study_study_date_last_instance_at_id", "study_date", "last_instance_at", "id"),
        Index(
            "ix_study_names_due",
            "last_instance_at",
            postgresql_where=text("names_due"),
            sqlite_where=text("names_due = 1"),
        ),
    )

    id: Mapped[UuidKey]
    study_instance_uid: Mapped[str] = mapped_column(String(64), unique=True)
    accession_number: Mapped[str] = mapped_column(String(64), index=True)
    """The first that its headers name, for machines that search. All of them are in `StudyOrder`."""
    patient_id_hash: Mapped[bytes | None] = mapped_column(index=True)
    identity_sealed: Mapped[bytes]
    """Header JSON {patient_id, names, sex, birth_date, referring_physician}, sealed under `study.identity`."""
    names_due: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Its rows of `StudyNameKey` are missing, or of before a correction."""
    attributes: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Study-level attributes for QIDO that name no person: StudyDate, StudyTime, StudyDescription, StudyID, ..."""
    study_date: Mapped[str | None] = mapped_column(String(64))
    """StudyDate of `attributes` once more: what most searches ask for has an index."""
    data_key_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("data_key.id"))
    state: Mapped[str] = mapped_column(String(16), default=StudyState.RECEIVING, index=True)
    revision: Mapped[int] = mapped_column(default=1)
    prepared_revision: Mapped[int | None]
    prepared_version: Mapped[int | None] = mapped_column(index=True)
    """The `PREPARED_VERSION` of services/pictures/preparation.py that made its pictures; None before any are made."""
    is_demo: Mapped[bool] = mapped_column(default=False)
    last_instance_at: Mapped[datetime] = mapped_column(index=True)
    created_at: Mapped[datetime]

    @validates("identity_sealed")
    def _say_another_name(self, _name: str, sealed: bytes) -> bytes:
        self.names_due = True
        return sealed

    @validates("attributes")
    def _follow(self, _name: str, attributes: dict[str, Any]) -> dict[str, Any]:
        self.study_date = study_date(attributes)
        return attributes


class StudyNameKey(Base):
    """Blind index of a name, or of a part of it, that a study's headers say. `came_at`: when the study came first."""

    __tablename__ = "study_name_key"

    key_hash: Mapped[bytes] = mapped_column(primary_key=True)
    came_at: Mapped[datetime] = mapped_column(primary_key=True)
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("study.id"), primary_key=True, index=True)


def study_date(attributes: Mapping[str, Any]) -> str | None:
    """What is indexed of a date as the header has it, which may be no date."""
    date = attributes.get("StudyDate")
    return None if date is None else str(date)[:64]


def keys_naming(number: str) -> frozenset[str]:
    """The accession keys by which headers may name an order of this number."""
    return frozenset({accession_key(number), cut_key(number) or accession_key(number)})


class StudyOrder(NamedByAccession, Base):
    """An order that headers of a study name by its accession number, and whether its exam has the same patient.

    `match_state` (`MatchState`) says whether the patient of `exam_id` may see the study. A study has one row for each
    number, and one with an empty number when it names none.
    """

    __tablename__ = "study_order"
    __table_args__ = (
        UniqueConstraint("study_id", "accession_key"),
        Index(
            "ix_study_order_waiting",
            "named_at",
            "id",
            postgresql_where=text("match_state <> 'matched'"),
            sqlite_where=text("match_state <> 'matched'"),
        ),
    )

    id: Mapped[UuidKey]
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("study.id"))
    place: Mapped[int] = mapped_column(default=0)
    """In the order in which headers name them, from 0."""
    named_at: Mapped[datetime] = mapped_column(server_default="1970-01-01 00:00:00")
    """When the first header that names it came: the desk's list of what waits has this order."""
    accession_number: Mapped[str] = mapped_column(String(64))
    exam_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("exam.id"), index=True)
    match_state: Mapped[str] = mapped_column(String(16), default=MatchState.UNMATCHED, index=True)
    match_reason: Mapped[str | None] = mapped_column(String(64))
    """`MatchReason`; for some reasons `match_detail` says more. None: matched, or not judged yet."""
    match_detail: Mapped[str | None] = mapped_column(String(64))

    @property
    def keys(self) -> frozenset[str]:
        """How headers may name it: by its number, or by what a device cuts that to."""
        return keys_naming(self.accession_number)


class Series(Base):
    __tablename__ = "series"

    id: Mapped[UuidKey]
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("study.id"), index=True)
    series_instance_uid: Mapped[str] = mapped_column(String(64), unique=True)
    modality: Mapped[str] = mapped_column(String(16))
    series_number: Mapped[int | None]
    description: Mapped[str] = mapped_column(String(64), default="")
    attributes: Mapped[dict[str, Any]] = mapped_column(JSON)


class Instance(Base):
    """One stored SOP instance. `object_key` names the sealed Part-10 file, byte for byte as received."""

    __tablename__ = "instance"
    __table_args__ = (
        Index(
            "ix_instance_corrected",
            "study_id",
            postgresql_where=text("corrected_identity_sealed IS NOT NULL"),
            sqlite_where=text("corrected_identity_sealed IS NOT NULL"),
        ),
    )

    id: Mapped[UuidKey]
    series_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("series.id"), index=True)
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("study.id"), index=True)
    sop_instance_uid: Mapped[str] = mapped_column(String(64), unique=True)
    sop_class_uid: Mapped[str] = mapped_column(String(64))
    transfer_syntax_uid: Mapped[str] = mapped_column(String(64))
    instance_number: Mapped[int | None]
    object_key: Mapped[str] = mapped_column(String(255), unique=True)
    object_version: Mapped[int] = mapped_column(default=1)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes]
    pixel_offset: Mapped[int | None] = mapped_column(BigInteger)
    """Offset of the Pixel Data element in the Part-10 file, in bytes. Everything before it is the header."""
    number_of_frames: Mapped[int] = mapped_column(default=0)
    image_header: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """`ImageHeader.to_json()`; None when the object holds no pixels."""
    frame_index: Mapped[bytes | None]
    """`FrameIndex.to_bytes()`: where each frame is in the file, so that no request parses a header."""
    not_shown_reason: Mapped[str | None] = mapped_column(String(255))
    """`NotShown` of app/imaging/errors.py; for some reasons `not_shown_note` says more."""
    not_shown_note: Mapped[str | None] = mapped_column(String(255))
    received_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    """Raised when it is sent again with the same pixels under another header; those before are `InstanceVersion`."""
    corrected_identity_sealed: Mapped[bytes | None]
    """Whom its header names, as `Study.identity_sealed`, while that is not whom the study's other headers name."""
    corrected_accession_numbers: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """Those of its header, set together with `corrected_identity_sealed`."""


class InstanceVersion(Base):
    """An earlier version of a stored instance; its object is kept under the study's key."""

    __tablename__ = "instance_version"
    __table_args__ = (UniqueConstraint("instance_id", "version"),)

    id: Mapped[UuidKey]
    instance_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("instance.id"))
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("study.id"), index=True)
    version: Mapped[int]
    transfer_syntax_uid: Mapped[str] = mapped_column(String(64))
    object_key: Mapped[str] = mapped_column(String(255), unique=True)
    object_version: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes]
    received_at: Mapped[datetime]
    superseded_at: Mapped[datetime]


class Rejection(Base):
    """A SOP instance that a rejection note names. Patients never see it, also when it arrives after the note."""

    __tablename__ = "rejection"
    __table_args__ = (UniqueConstraint("study_id", "sop_instance_uid"),)

    id: Mapped[UuidKey]
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("study.id"))
    sop_instance_uid: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class QuarantineItem(Base):
    """An object that was refused, with the reason. Its bytes are kept sealed."""

    __tablename__ = "quarantine_item"
    __table_args__ = (
        Index(
            "ix_quarantine_item_sha256_reason",
            "sha256",
            "reason",
            unique=True,
            # rows from the time before reasons were codes all have the reason `other`
            postgresql_where=text("reason <> 'other'"),
            sqlite_where=text("reason <> 'other'"),
        ),
    )

    id: Mapped[UuidKey]
    received_at: Mapped[datetime] = mapped_column(index=True)
    door: Mapped[str] = mapped_column(String(16))
    """`DoorName` of app/services/ingest/incoming.py"""
    reason: Mapped[str] = mapped_column(Text)
    """`Refusal` of app/dicom/refusals.py"""
    note: Mapped[str | None] = mapped_column(Text)
    """The reason as text, when `reason` is `other`."""
    sop_instance_uid: Mapped[str | None] = mapped_column(String(64))
    sha256: Mapped[bytes]
    size: Mapped[int] = mapped_column(BigInteger)
    object_key: Mapped[str] = mapped_column(String(255))
    object_version: Mapped[int] = mapped_column(default=1)
    data_key_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("data_key.id"))

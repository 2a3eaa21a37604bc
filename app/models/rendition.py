"""Prepared pictures of a study: one row for each shown series (a stack in order of position), packs of its working
copy, and one row for each object that is no picture. Nothing is drawn here."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, UuidKey


class PreparedSeries(Base):
    """Previews (256 px) and frames (default window, <= 1024 px) are sealed packs: frame k is chunk k - 1.

    Rows of a new `revision` are added while the old rows stay; `Study.prepared_revision` switches over in one commit.
    """

    __tablename__ = "prepared_series"
    __table_args__ = (UniqueConstraint("study_id", "revision", "ordinal"),)

    id: Mapped[UuidKey]
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("study.id"), index=True)
    revision: Mapped[int]
    ordinal: Mapped[int]
    """1, 2, ... in the order the study's series are shown."""
    series_instance_uid: Mapped[str] = mapped_column(String(64))
    modality: Mapped[str] = mapped_column(String(16))
    description: Mapped[str] = mapped_column(String(64))
    frame_count: Mapped[int]
    rows: Mapped[int]
    """Of the pictures, whose pixels are square; `columns` too."""
    columns: Mapped[int]
    window_center: Mapped[float | None]
    window_width: Mapped[float | None]
    key_frame: Mapped[int]
    """The frame k of the series' key image, from 1."""
    slices: Mapped[list[Any]] = mapped_column(JSON)
    """[[instance_id hex, frame number from 0], ...] in order; frame k is entry k - 1."""
    preview_object_key: Mapped[str] = mapped_column(String(255))
    preview_index: Mapped[bytes]
    frame_object_key: Mapped[str] = mapped_column(String(255))
    frame_index: Mapped[bytes]
    """Pack indexes as `PackIndex.to_bytes()`; a frame that cannot be shown has length 0."""
    incomplete: Mapped[list[int]] = mapped_column(JSON, default=list, server_default="[]")
    """k of the frames of which a damaged stream held a part only."""
    frame_time_ms: Mapped[float | None]
    """Milliseconds for each frame of a multi-frame object (cine), else None."""
    volume: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """The volume that the frames make (app/services/volumes/plan); None when they make none, and then
    `no_volume` says why: a value of `NoVolume` (app/imaging/geometry/volume)."""
    no_volume: Mapped[str | None] = mapped_column(String(32))
    prepared_at: Mapped[datetime]


class WorkingPack(Base):
    """Frames of a series without loss, a sealed pack of working copies (app/imaging/codecs/working_copy).

    Entry 0 is the frame `first_frame`; an empty entry is a frame without a copy. A series without packs is read from
    its originals.
    """

    __tablename__ = "working_pack"
    __table_args__ = (UniqueConstraint("series_id", "first_frame"),)

    id: Mapped[UuidKey]
    series_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("prepared_series.id"), index=True)
    first_frame: Mapped[int]
    """k, from 1."""
    object_key: Mapped[str] = mapped_column(String(255))
    pack_index: Mapped[bytes]
    size: Mapped[int]
    used_at: Mapped[datetime] = mapped_column(index=True)
    """To the day: packs that nobody needs any more are deleted."""


class PreparedObject(Base):
    """One stored object that is no picture, as it was found when its study was prepared. Its rows of a new `revision`
    are added and removed together with those of `PreparedSeries`."""

    __tablename__ = "prepared_object"
    __table_args__ = (UniqueConstraint("study_id", "revision", "ordinal"),)

    id: Mapped[UuidKey]
    study_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("study.id"), index=True)
    revision: Mapped[int]
    ordinal: Mapped[int]
    """1, 2, ... in the order the study's objects are listed."""
    instance_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("instance.id"))
    kind: Mapped[str] = mapped_column(String(16))
    """`EvidenceKind` of app/imaging/evidence/kinds.py"""
    fault: Mapped[str | None] = mapped_column(String(32))
    """`EvidenceFault`: why it is listed and not shown."""
    modality: Mapped[str] = mapped_column(String(16))
    description: Mapped[str] = mapped_column(String(64))
    says: Mapped[Any | None] = mapped_column(JSON(none_as_null=True))
    """What lists need of it, without reading it again (app/services/pictures/evidence)."""

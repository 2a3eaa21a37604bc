"""The table of jobs. Its rows decide what is done; a broker only wakes workers sooner. Leases: app/services/queue."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, UuidKey
from app.models.states import JobState


class Job(Base):
    """`state`: `JobState`; `kind`: `JobKind`; `last_error`: name of an error class, or a `JobFault`.

    `key` (for example `<study id>:<revision>`) names the work. Work that is enqueued twice stays one row.
    """

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("kind", "key"),
        Index("ix_job_state_run_at", "state", "run_at"),
        Index(
            "ix_job_not_done",
            "kind",
            "state",
            postgresql_where=text("state <> 'done'"),
            sqlite_where=text("state <> 'done'"),
        ),
        Index(
            "ix_job_done",
            "finished_at",
            postgresql_where=text("state = 'done'"),
            sqlite_where=text("state = 'done'"),
        ),
    )

    id: Mapped[UuidKey]
    kind: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(128))
    state: Mapped[str] = mapped_column(String(8), default=JobState.PENDING)
    run_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

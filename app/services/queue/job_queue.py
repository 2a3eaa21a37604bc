"""The only queue: rows of `job`. A worker claims a job for a time (a lease); a failed job is tried again after a
growing pause; after the last attempt it is given up, and the console shows it.

A job is added inside the transaction that makes the work necessary. The work of each kind is in app/jobs.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import OUTAGES, NotFound, StoreFull
from app.models import Job
from app.models.states import JobFault, JobState
from app.repos.queue import jobs as repo
from app.repos.queue.jobs import FURTHEST
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import job_subject
from app.services.paging import TOP, Asked, Key, Page, paged

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
"""A running job renews its lease (`JobQueue.renew`). When the lease of a killed worker ends, another worker takes the
job."""
MOST_ATTEMPTS = 5
FIRST_PAUSE = timedelta(seconds=5)
OUTAGE_PAUSE = timedelta(minutes=1)
"""An outage says nothing about the job. It is not counted as an attempt, and the job waits until the outage is over."""
LONGEST_PAUSE = FURTHEST
"""A full store is full for hours: the pause is as long as the job is old, up to this. Each try draws and writes much
before it learns that there is no room."""
CANDIDATES = 8
SHOWN = 50
"""Rows of a page."""


@dataclass(frozen=True)
class ClaimedJob:
    """A job that this worker holds. `attempt` distinguishes its claim from a later claim of another worker."""

    id: uuid.UUID
    kind: str
    key: str
    attempt: int
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class JobQueue:
    """Decides which job is done next, and when a job is given up. Raises NotFound, InvalidInput."""

    db: Database
    clock: Clock
    audit: Audit

    def enqueue(self, session: Session, kind: str, key: str) -> None:
        """Add a job inside the caller's transaction. The same kind and key make only one job."""
        if repo.by_key(session, kind, key) is not None:
            return
        now = self.clock.now()
        try:
            with session.begin_nested():
                repo.add(session, Job(kind=kind, key=key, state=JobState.PENDING, run_at=now, created_at=now))
        except IntegrityError:
            pass  # another process enqueued the same job

    def claim(self, kind: str | None = None) -> ClaimedJob | None:
        """Take the oldest due job (of a kind), or a job whose worker fell silent; None when no job is due."""
        now = self.clock.now()
        with self.db.read() as session:
            if not repo.due(session, now, 1, kind):
                return None  # an idle worker takes no write lock
        with self.db.session() as session:
            for job in repo.due(session, now, CANDIDATES, kind):
                if job.state == JobState.RUNNING and job.attempts >= MOST_ATTEMPTS:
                    self._give_up_lost(session, job)
                elif repo.claim(session, job.id, now, now + LEASE):
                    return ClaimedJob(job.id, job.kind, job.key, job.attempts + 1, job.created_at)
        return None

    def is_due(self, session: Session, kind: str) -> bool:
        """Whether a job of the kind waits to be claimed."""
        return bool(repo.due(session, self.clock.now(), 1, kind))

    def renew(self, job: ClaimedJob) -> bool:
        """Keep the lease of a job that takes long. False when another worker has the job now."""
        with self.db.session() as session:
            return repo.change_claimed(session, job.id, job.attempt, lease_until=self.clock.now() + LEASE)

    def done(self, job: ClaimedJob) -> None:
        with self.db.session() as session:
            repo.change_claimed(
                session, job.id, job.attempt, state=JobState.DONE, lease_until=None, finished_at=self.clock.now()
            )

    def failed(self, job: ClaimedJob, error: Exception) -> None:
        """Try the job again later, or give it up after the last attempt. Only the type of the error is stored, because
        its text may quote data."""
        now = self.clock.now()
        fault = type(error).__name__
        log.error("job failed", kind=job.kind, job=job.id, attempt=job.attempt, exc_info=error)
        values: dict[str, Any]
        if isinstance(error, OUTAGES):
            age = now - job.created_at if isinstance(error, StoreFull) else OUTAGE_PAUSE
            pause = min(max(age, OUTAGE_PAUSE), LONGEST_PAUSE)
            values = {"state": JobState.PENDING, "attempts": job.attempt - 1, "run_at": now + pause}
        elif job.attempt >= MOST_ATTEMPTS:
            values = {"state": JobState.FAILED, "finished_at": now}
        else:
            values = {"state": JobState.PENDING, "run_at": now + FIRST_PAUSE * 4 ** (job.attempt - 1)}
        with self.db.session() as session:
            repo.change_claimed(session, job.id, job.attempt, last_error=fault, lease_until=None, **values)

    def _give_up_lost(self, session: Session, job: Job) -> None:
        """Give up a job whose worker died at every attempt: the next worker would die too."""
        log.error("job given up", kind=job.kind, job=job.id, attempt=job.attempts)
        repo.change_claimed(
            session,
            job.id,
            job.attempts,
            state=JobState.FAILED,
            last_error=JobFault.WORKER_LOST,
            lease_until=None,
            finished_at=self.clock.now(),
        )

    def given_up(self, asked: Asked = TOP) -> Page[Job]:
        """Jobs that were given up, newest first, for the console. Raises InvalidInput (no key of a page)."""
        with self.db.read() as session:
            return paged(asked, SHOWN, partial(repo.failed, session), _key_of)

    def revive(self, job_id: uuid.UUID, actor: str) -> None:
        """Let a given-up job be tried again. Raises NotFound."""
        with self.db.session() as session:
            if not repo.revive(session, job_id, self.clock.now()):
                raise NotFound
            self.audit.record(session, Action.STAFF_REVIVED_JOB, actor=actor, subject=job_subject(job_id))

    def probe(self) -> None:
        """For /readyz: raises when the queue does not answer."""
        with self.db.read() as session:
            repo.counts(session)


def _key_of(job: Job) -> Key:
    assert job.finished_at is not None  # of one that was given up
    return job.finished_at, job.id

"""The one queue: rows of `job`, claimed under a lease, tried again with back-off, given up visibly.

Whoever enqueues does so in the transaction that makes the work necessary. What a kind of job does is app/jobs.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import OUTAGES, NotFound
from app.models import Job
from app.models.states import JobFault, JobState
from app.repos.queue import jobs as repo
from app.services.audit.log import Action, Audit
from app.services.audit.subjects import job_subject

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=30)
"""A running job renews it (`JobQueue.renew`); what a killed worker left is taken over after it."""
MOST_ATTEMPTS = 5
FIRST_PAUSE = timedelta(seconds=5)
OUTAGE_PAUSE = timedelta(minutes=1)
"""Outages say nothing about the job, which waits until they are over: they count as no attempt."""
CANDIDATES = 8


@dataclass(frozen=True)
class ClaimedJob:
    """A job this worker holds. `attempt` tells its claim from a later one of another worker."""

    id: uuid.UUID
    kind: str
    key: str
    attempt: int


@dataclass(frozen=True, kw_only=True)
class JobQueue:
    """Decides which job is done next, and when one is given up. Raises NotFound."""

    db: Database
    clock: Clock
    audit: Audit

    def enqueue(self, session: Session, kind: str, key: str) -> None:
        """Add work inside the caller's transaction; the same kind and key twice are one job."""
        if repo.by_key(session, kind, key) is not None:
            return
        now = self.clock.now()
        try:
            with session.begin_nested():
                repo.add(session, Job(kind=kind, key=key, state=JobState.PENDING, run_at=now, created_at=now))
        except IntegrityError:
            pass  # another process enqueued it, which is as good

    def claim(self, kind: str | None = None) -> ClaimedJob | None:
        """Take the oldest due job (of a kind), or one whose worker fell silent; None when nothing is due."""
        now = self.clock.now()
        with self.db.read() as session:
            if not repo.due(session, now, 1, kind):
                return None  # an idle worker takes no write lock
        with self.db.session() as session:
            for job in repo.due(session, now, CANDIDATES, kind):
                if job.state == JobState.RUNNING and job.attempts >= MOST_ATTEMPTS:
                    self._give_up_lost(session, job)
                elif repo.claim(session, job.id, now, now + LEASE):
                    return ClaimedJob(job.id, job.kind, job.key, job.attempts + 1)
        return None

    def renew(self, job: ClaimedJob) -> bool:
        """Keep the lease of a job that takes long; False when it was lost to another worker."""
        with self.db.session() as session:
            return repo.change_claimed(session, job.id, job.attempt, lease_until=self.clock.now() + LEASE)

    def done(self, job: ClaimedJob) -> None:
        with self.db.session() as session:
            repo.change_claimed(
                session, job.id, job.attempt, state=JobState.DONE, lease_until=None, finished_at=self.clock.now()
            )

    def failed(self, job: ClaimedJob, error: Exception) -> None:
        """Try again later, or give it up after the last attempt; only the error's type is kept, it may quote data."""
        now = self.clock.now()
        fault = type(error).__name__
        log.error("job failed", kind=job.kind, job=job.id, attempt=job.attempt, exc_info=error)
        values: dict[str, Any]
        if isinstance(error, OUTAGES):
            values = {"state": JobState.PENDING, "attempts": job.attempt - 1, "run_at": now + OUTAGE_PAUSE}
        elif job.attempt >= MOST_ATTEMPTS:
            values = {"state": JobState.FAILED, "finished_at": now}
        else:
            values = {"state": JobState.PENDING, "run_at": now + FIRST_PAUSE * 4 ** (job.attempt - 1)}
        with self.db.session() as session:
            repo.change_claimed(session, job.id, job.attempt, last_error=fault, lease_until=None, **values)

    def _give_up_lost(self, session: Session, job: Job) -> None:
        """Whoever tried it died each time; the next would too."""
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

    def given_up(self, limit: int = 100) -> list[Job]:
        """Jobs nobody tries any more, newest first: for the desk and the metrics."""
        with self.db.read() as session:
            return repo.failed(session, limit)

    def revive(self, job_id: uuid.UUID, actor: str) -> None:
        """Let a given-up job be tried anew. Raises NotFound."""
        with self.db.session() as session:
            if not repo.revive(session, job_id, self.clock.now()):
                raise NotFound
            self.audit.record(session, Action.STAFF_REVIVED_JOB, actor=actor, subject=job_subject(job_id))

    def probe(self) -> None:
        """For readiness: the queue answers."""
        with self.db.read() as session:
            repo.counts(session)

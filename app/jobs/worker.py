"""The worker: sweeps over rows and claimed jobs, in threads of their own, so that a message never waits for a study.

A job that takes long goes on beside the next ones, so that a study never waits for a hostile one either: which of them
gets the decoding children is decided in app/imaging/sandbox. The work is listed in `steps`. The worker polls; a wake
(`wake`) only makes it look sooner.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from app.jobs.steps import JOBS, SWEEPS, URGENT, Work
from app.services.queue.job_queue import LEASE, ClaimedJob, JobQueue

log = structlog.get_logger(__name__)

POLL_S = 1.0
PAUSE_AFTER_FAULT_S = 5.0
PATIENCE_S = 20.0
"""How long the next job waits for this one."""
MOST_BESIDE = 16
"""Jobs that go on beside the next one. Past it the next ones wait, but the time of each study is bounded."""


@dataclass
class Worker:
    """`start` and `stop` run it in threads; `run_sweeps` and `run_job` are single steps, for tests and commands."""

    work: Work
    _stop: threading.Event = field(default_factory=threading.Event)
    _bells: list[threading.Event] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _beside: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        self._stop.clear()
        for name, step in (("sweeps", self.run_sweeps), ("jobs", self.begin_job)):
            bell = threading.Event()
            thread = threading.Thread(target=self._loop, args=(step, bell), name=f"worker-{name}", daemon=True)
            self._bells.append(bell)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Finish the current step and end. Work that is not done stays in the rows."""
        self._stop.set()
        self.wake()
        for thread in self._threads:
            thread.join()
        for thread in self._beside:
            thread.join()
        self._threads.clear()
        self._beside.clear()
        self._bells.clear()

    def wake(self) -> None:
        for bell in self._bells:
            bell.set()

    def run_sweeps(self) -> bool:
        """One round over urgent jobs and all rows that are due; True when there was something to do.

        When a sweep fails, the others still run; then ExceptionGroup is raised.
        """
        done, faults = 0, []
        for sweep in (self._urgent, *SWEEPS):
            try:
                done += sweep(self.work)
            except Exception as error:
                faults.append(error)
        if faults:
            raise ExceptionGroup("sweeps failed", faults)
        return done > 0

    def run_job(self, kind: str | None = None) -> bool:
        """Do one job (of a kind) if one is due; True when there was one. Its exception is recorded, not raised."""
        job = self.work.queue.claim(kind)
        if job is not None:
            self._do(job)
        return job is not None

    def begin_job(self) -> bool:
        """Do one job that is due in a thread of its own, and return when it is done or takes long; True when there was
        one."""
        self._beside = [thread for thread in self._beside if thread.is_alive()]
        if len(self._beside) >= MOST_BESIDE:
            self._beside[0].join(POLL_S)
            return True
        job = self.work.queue.claim()
        if job is None:
            return False
        thread = threading.Thread(target=self._do_or_log, args=(job,), name="worker-job", daemon=True)
        thread.start()
        thread.join(PATIENCE_S)
        self._beside.append(thread)
        return True

    def _do_or_log(self, job: ClaimedJob) -> None:
        try:
            self._do(job)
        except Exception as error:  # the database does not answer: the lease runs out, and the job is done again
            log.error("worker step failed", exc_info=error)

    def _do(self, job: ClaimedJob) -> None:
        try:
            with _Heartbeat(self.work.queue, job):
                JOBS[job.kind](self.work, job.key)
        except Exception as error:
            self.work.queue.failed(job, error)
        else:
            self.work.queue.done(job)

    def _urgent(self, _: Work) -> int:
        return sum(self.run_job(kind) for kind in URGENT)

    def _loop(self, step: Callable[[], bool], bell: threading.Event) -> None:
        while not self._stop.is_set():
            pause = POLL_S
            try:
                if step():
                    continue
            except Exception as error:  # the database does not answer: the rows wait, and so do we
                log.error("worker step failed", exc_info=error)
                pause = PAUSE_AFTER_FAULT_S
            bell.wait(pause)
            bell.clear()


class _Heartbeat:
    """Renews a job's lease while it runs, so that a lease can be short and a job long."""

    def __init__(self, queue: JobQueue, job: ClaimedJob) -> None:
        self._queue, self._job = queue, job
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._over.wait(LEASE.total_seconds() / 3):
            try:
                if not self._queue.renew(self._job):
                    return  # another worker took the job over; doing it twice is safe
            except Exception as error:
                log.warning("lease not renewed", job=self._job.id, exc_info=error)

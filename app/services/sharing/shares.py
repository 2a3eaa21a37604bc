"""Shares: a patient makes one, sees who opened it, and takes it back. Opening one is in `opening`.

Link and passcode are both random and stored as keyed hashes, so they are shown once. A share is live as long as its
time runs, it is not revoked, and its exam has the patient and the codes of when it was made.
"""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import Clock
from app.database import Database
from app.errors import Conflict, InvalidInput, NotFound
from app.models import Exam, GuestSession, Share
from app.repos.exams import exams as exam_repo
from app.repos.release import gate
from app.repos.sharing import shares as repo
from app.security.codes import LONG_LENGTH, Codes
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.looks import guest_number
from app.services.audit.subjects import exam_subject
from app.services.patient_access.sessions import Parts, PatientAccess
from app.services.sharing.childhood import not_past_childhood
from app.services.sharing.guests import MOST_LISTED

SHORTEST, LONGEST, USUAL = timedelta(hours=6), timedelta(days=30), timedelta(days=7)
MOST_LIVE, MOST_A_DAY = 20, 50
"""Of one exam: at a time, and also ended ones, as each leaves rows that stay."""
MOST_PRIORS = 7
"""As many sessions as a browser keeps, without the one of the exam itself."""
PASSCODE_DIGITS = 6


@dataclass(frozen=True)
class NewShare:
    """What is shown once, to the patient alone."""

    id: uuid.UUID
    code: str
    passcode: str
    parts: Parts
    expires_at: datetime


@dataclass(frozen=True)
class Opening:
    """That somebody opened a share. `number` stands in the pictures that this guest was sent."""

    number: str
    device: str
    at: datetime
    is_open: bool


@dataclass(frozen=True)
class ListedShare:
    id: uuid.UUID
    parts: Parts
    priors: int
    created_at: datetime
    expires_at: datetime
    revoked: bool
    over: bool
    openings: tuple[Opening, ...]


@dataclass(frozen=True, kw_only=True)
class Shares:
    """Decides what may be shared and for how long. Raises InvalidInput, Conflict, NotFound."""

    db: Database
    clock: Clock
    codes: Codes
    fields: FieldSealer
    audit: Audit
    idle: timedelta

    def create(
        self, access: PatientAccess, parts: Parts, lifetime: timedelta, priors: Collection[PatientAccess] = ()
    ) -> NewShare:
        """A new share of this exam. `priors`: other exams that the same patient's session opens.

        Raises InvalidInput for a lifetime that is too short or too long or when nothing is chosen, Conflict when the
        exam has too many live shares.
        """
        if not SHORTEST <= lifetime <= LONGEST:
            raise InvalidInput("days", "must be from 0.25 to 30")
        if not (parts.pictures or parts.report or parts.originals):
            raise InvalidInput("pictures, report, originals", "at least one must be chosen")
        if parts.anonymous and not (parts.pictures or parts.report):
            raise InvalidInput("originals", "cannot be given without the name that stands in them")
        code, passcode = _random_code(), f"{secrets.randbelow(10**PASSCODE_DIGITS):0{PASSCODE_DIGITS}d}"
        with self.db.session() as session:
            now = self.clock.now()
            exam = gate.lock(session, access.exam_id)  # who shares at the same time waits, so both counts hold
            if exam is None:
                raise NotFound
            is_full = repo.count_live(session, exam.id, now) >= MOST_LIVE
            if is_full or repo.count_since(session, exam.id, now - timedelta(days=1)) >= MOST_A_DAY:
                raise Conflict("the exam has as many shares as it may have")
            ends_at = not_past_childhood(session, self.fields, exam, now, now + lifetime)
            row = self._row(exam, parts, code, passcode, now, ends_at)
            also = [each.exam_id for each in priors if each.exam_id != exam.id and each.patient_id == access.patient_id]
            repo.add(session, row, also[:MOST_PRIORS])
            self.audit.record(
                session,
                Action.SHARE_CREATED,
                actor=access.actor,
                subject=exam_subject(exam.id),
                share=row.id.hex,
                pictures=row.pictures,
                report=row.report,
                originals=row.originals,
                anonymous=row.anonymous,
                priors=len(also[:MOST_PRIORS]),
            )
        return NewShare(row.id, code, passcode, _parts(row), row.expires_at)

    def _row(self, exam: Exam, parts: Parts, code: str, passcode: str, now: datetime, expires_at: datetime) -> Share:
        share_id = uuid.uuid4()
        return Share(
            id=share_id,
            exam_id=exam.id,
            code_hash=self.codes.hash("share", code),
            passcode_hash=passcode_hash(self.codes, share_id, passcode),
            pictures=parts.pictures,
            report=parts.report,
            originals=parts.originals and not parts.anonymous,  # the name stands in each of them
            anonymous=parts.anonymous,
            patient_id=exam.patient_id,
            code_generation=exam.code_generation,
            created_at=now,
            expires_at=expires_at,
        )

    def of(self, access: PatientAccess) -> list[ListedShare]:
        """The shares of this exam, the newest first, each with who opened it."""
        with self.db.read() as session:
            now = self.clock.now()
            exam = exam_repo.exam(session, access.exam_id)
            rows = repo.of_exam(session, access.exam_id, MOST_LISTED)
            opened = repo.openings(session, [row.id for row in rows], MOST_LISTED)
            priors = [share_id for share_id, _ in repo.priors_of(session, [row.id for row in rows])]
        return [
            ListedShare(
                id=row.id,
                parts=_parts(row),
                priors=priors.count(row.id),
                created_at=row.created_at,
                expires_at=row.expires_at,
                revoked=row.revoked_at is not None or exam is None or not is_of(row, exam),
                over=row.expires_at <= now,
                openings=tuple(self._opening(each, row, now) for each in opened if each.share_id == row.id),
            )
            for row in rows
        ]

    def _opening(self, row: GuestSession, share: Share, now: datetime) -> Opening:
        is_open = (
            row.revoked_at is None
            and share.revoked_at is None
            and row.expires_at > now
            and now - row.last_seen_at <= self.idle
        )
        return Opening(guest_number(row.id), row.device, row.created_at, is_open)

    def opened(self, access: PatientAccess) -> tuple[int, datetime | None]:
        """How often shares of this exam were opened, and the latest time."""
        with self.db.read() as session:
            return repo.opened(session, access.exam_id, access.patient_id)

    def exam_of(self, share_id: uuid.UUID) -> uuid.UUID:
        """Raises NotFound. The caller asks then whether its session opens that exam."""
        with self.db.read() as session:
            row = repo.by_id(session, share_id)
        if row is None:
            raise NotFound
        return row.exam_id

    def revoke(self, access: PatientAccess, share_id: uuid.UUID) -> None:
        """End a share of this exam and all that it opened. Twice is as once. Raises NotFound."""
        with self.db.session() as session:
            row = repo.by_id(session, share_id)
            if row is None or row.exam_id != access.exam_id:
                raise NotFound
            if repo.revoke(session, share_id, self.clock.now()):
                self.audit.record(
                    session,
                    Action.SHARE_REVOKED,
                    actor=access.actor,
                    subject=exam_subject(access.exam_id),
                    share=share_id.hex,
                )


def is_of(share: Share, exam: Exam) -> bool:
    """The exam still has the patient and the codes of when it was shared."""
    return (share.patient_id, share.code_generation) == (exam.patient_id, exam.code_generation)


def is_live(share: Share, exam: Exam, now: datetime) -> bool:
    return share.revoked_at is None and share.expires_at > now and is_of(share, exam)


def passcode_hash(codes: Codes, share_id: uuid.UUID, typed: str) -> bytes:
    """Keyed: with the database alone nobody tries the million of them."""
    return codes.hash("passcode", share_id.hex, typed)


def _parts(row: Share) -> Parts:
    return Parts(row.pictures, row.report, row.originals, row.anonymous)


def _random_code() -> str:
    """130 bits as 26 characters of base32."""
    return base64.b32encode(secrets.token_bytes(17)).decode()[:LONG_LENGTH]

"""Rejection notes: Key Object Selections that say their objects are to be looked at no more (IHE RAD TF-1 33, Imaging
Object Change Management). What they name is hidden from patients for good; the archive keeps it.

A corrected image comes under a UID of its own, so nothing ever takes a rejection back. What a note may name at most is
`dicom/rejection_notes`.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from app.models import Study
from app.repos.ingest import rejections as repo


def newly_rejected(session: Session, study_id: uuid.UUID, uids: Collection[str], planned: set[str]) -> set[str]:
    """What of a note is neither stored yet nor `planned`. Asked before the write lock is taken: a constraint tells when
    another process stored some of it meanwhile."""
    new = set(uids) - planned
    return new - repo.known(session, study_id, new)


def reject(session: Session, study: Study, uids: Collection[str], now: datetime) -> None:
    """Inside the transaction that stores the note; also what has not arrived yet counts.

    Nothing of the study is shown until it was prepared anew, without them.
    """
    repo.add(session, study.id, uids, now)
    study.prepared_revision = None

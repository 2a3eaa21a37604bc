"""Rejection notes: Key Object Selections that reject other objects (IHE RAD TF-1 33, Imaging Object Change Management).
Rejected objects are never shown to patients again; the archive keeps them.

A corrected image has a new UID, so a rejection is never taken back. Reading notes and their limits are in
app/dicom/rejection_notes.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from app.models import Study
from app.repos.ingest import rejections as repo


def newly_rejected(session: Session, study_id: uuid.UUID, uids: Collection[str], planned: set[str]) -> set[str]:
    """The UIDs of a note that are neither stored nor `planned` yet. This is read before the write lock is taken; when
    another process stores the same UIDs meanwhile, a constraint fails."""
    new = set(uids) - planned
    return new - repo.known(session, study_id, new)


def reject(session: Session, study: Study, uids: Collection[str], now: datetime) -> None:
    """Reject these instances, also those that have not arrived yet. Inside the transaction that stores the note.

    The study is not shown until its pictures are prepared again without them.
    """
    repo.add(session, study.id, uids, now)
    study.prepared_revision = None

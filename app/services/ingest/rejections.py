"""Rejection notes: Key Object Selections that say their objects are to be looked at no more (IHE RAD TF-1 33, Imaging
Object Change Management). What they name is hidden from patients for good; the archive keeps it.

A corrected image comes under a UID of its own, so nothing ever takes a rejection back.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from app.models import Rejection, Study
from app.repos.ingest import rejections as repo


def reject(session: Session, study: Study, uids: Iterable[str], now: datetime) -> int:
    """Inside the transaction that stores the note; also what has not arrived yet counts. Returns how many are new.

    Nothing of the study is shown until it was prepared anew, without them.
    """
    known = repo.uids_of(session, study.id)
    new = [uid for uid in uids if uid not in known]
    repo.add(session, [Rejection(id=uuid.uuid4(), study_id=study.id, sop_instance_uid=uid, at=now) for uid in new])
    if new:
        study.prepared_revision = None
    return len(new)

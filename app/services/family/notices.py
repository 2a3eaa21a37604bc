"""What the room asks of the outbox: a member is told that somebody was added."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy.orm import Session

from app.models import Exam


class TellMember(Protocol):
    """Queues the notice to the patient of an exam, inside the caller's transaction."""

    def __call__(self, session: Session, exam: Exam) -> None: ...

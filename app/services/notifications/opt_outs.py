"""Phone numbers that want no news by text message: said by an answer (TD, 退订) or at the desk, where it is taken back.

A code that somebody asks for is sent all the same. Which answer means it is sms/replies.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.clock import Clock
from app.database import Database
from app.errors import NobodyToTell, NotFound
from app.models import OptOut, OptOutOrigin
from app.repos.exams import exams as exam_repo
from app.repos.exams import patients
from app.repos.notifications import opt_outs as repo
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.services.audit.log import Action, Audit
from app.services.audit.reasons import checked_reason
from app.services.audit.subjects import exam_subject, phone_subject


@dataclass(frozen=True, kw_only=True)
class OptOuts:
    """Decides which numbers get no news. Raises NotFound, InvalidInput, NobodyToTell."""

    db: Database
    clock: Clock
    blind: BlindIndex
    fields: FieldSealer
    audit: Audit

    def refuses(self, session: Session, phone: str) -> bool:
        """Whether this number (+86…) wants no news."""
        return repo.row(session, self._hash(phone)) is not None

    def is_of(self, phone: str | None) -> bool:
        """The same for a page; False without a number."""
        if phone is None:
            return False
        with self.db.read() as session:
            return self.refuses(session, phone)

    def replied(self, phones: Sequence[str]) -> None:
        """These numbers answered that they want no more. The same answer again changes nothing."""
        for phone in dict.fromkeys(phones):
            with self.db.session() as session:
                self._refuse(session, phone, OptOutOrigin.REPLY, "system", phone_subject(self._hash(phone)))

    def said_at_desk(self, exam_id: uuid.UUID, refuses: bool, reason: str, actor: str) -> None:
        """The patient of this exam said at the desk that no news is wanted, or that it is wanted again.

        Raises NotFound, InvalidInput (no reason), NobodyToTell (no number on file).
        """
        reason = checked_reason(reason)
        with self.db.session() as session:
            exam = exam_repo.exam(session, exam_id)
            if exam is None:
                raise NotFound
            patient = patients.patient(session, exam.patient_id)
            if patient.phone_sealed is None:
                raise NobodyToTell
            phone, subject = self.fields.open_of(patient, "phone_sealed"), exam_subject(exam.id)
            if refuses:
                self._refuse(session, phone, OptOutOrigin.DESK, actor, subject, note=reason)
            elif repo.remove(session, self._hash(phone)):
                self.audit.record(session, Action.TEXT_MESSAGES_WANTED, actor=actor, subject=subject, note=reason)

    def _refuse(
        self, session: Session, phone: str, origin: OptOutOrigin, actor: str, subject: str, **detail: str
    ) -> None:
        if self.refuses(session, phone):
            return
        repo.add(session, OptOut(phone_hash=self._hash(phone), origin=origin, since=self.clock.now()))
        self.audit.record(session, Action.TEXT_MESSAGES_REFUSED, actor=actor, subject=subject, origin=origin, **detail)

    def _hash(self, phone: str) -> bytes:
        return self.blind.of("optout.phone", phone)

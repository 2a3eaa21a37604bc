"""Codes that name an exam: issue them, derive them again for printing or sending, revoke them. A code alone opens
nothing.

Opening an exam is in `verification`; alphabets and derivation are in app/security/codes.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import AccessCode, Exam
from app.models.states import AccessCodeKind
from app.repos.exams.revision import raise_exam_revision
from app.repos.patient_access import codes as repo
from app.repos.patient_access import one_time_codes
from app.repos.patient_access import sessions as session_repo
from app.repos.sharing import given
from app.security.codes import Codes, normal_code
from app.services.audit.log import Action, Audit
from app.services.audit.reasons import RevokeReason
from app.services.audit.subjects import exam_subject, patient_subject


@dataclass(frozen=True, kw_only=True)
class AccessCodes:
    """Decides which codes name an exam and for how long. Every method works inside the caller's transaction and raises
    nothing of its own.
    """

    codes: Codes
    clock: Clock
    audit: Audit
    pickup_lifetime: timedelta

    def qr_code(self, session: Session, exam: Exam) -> str:
        """The exam's QR code, made valid at the first call. It stays the same until it is revoked."""
        code = self.codes.long_code(AccessCodeKind.QR, exam.id.bytes, exam.code_generation)
        code_hash = self.codes.hash("long", code)
        if repo.code_by_hash(session, code_hash) is None:
            self._issue(session, exam, AccessCodeKind.QR, code_hash, exam.code_generation, None)
        return code

    def issue_link(self, session: Session, exam: Exam) -> tuple[AccessCode, str]:
        """A new long code for a link. It lives as long as a pick-up code."""
        serial = repo.last_serial(session, exam.id, AccessCodeKind.LINK) + 1
        code = self.codes.long_code(AccessCodeKind.LINK, exam.id.bytes, serial)
        return self._issue(
            session, exam, AccessCodeKind.LINK, self.codes.hash("long", code), serial, self.pickup_lifetime
        ), code

    def issue_pickup(self, session: Session, exam: Exam, phone: str) -> tuple[AccessCode, str]:
        """A new pick-up code that works only together with `phone` (+86…)."""
        serial = repo.last_serial(session, exam.id, AccessCodeKind.PICKUP)
        while True:
            serial += 1
            code = self.codes.pickup_code(exam.id.bytes, serial)
            code_hash = self.codes.hash("pickup", phone, code)
            if repo.code_by_hash(session, code_hash) is None:  # another exam of this phone has this code: take the next
                row = self._issue(session, exam, AccessCodeKind.PICKUP, code_hash, serial, self.pickup_lifetime)
                row.desk_hash = self.desk_hash(code)
                return row, code

    def desk_hash(self, code: str) -> bytes:
        """What the desk finds a pick-up code by, without the phone number; no door of patients takes it so."""
        return self.codes.hash("pickup-at-desk", code)

    def index_for_desk(self, session: Session, exam: Exam) -> None:
        """Pick-up codes of before the desk could find them."""
        for row in repo.codes_of(session, exam.id, AccessCodeKind.PICKUP):
            row.desk_hash = self.desk_hash(self.code_of(row))

    def code_of(self, row: AccessCode) -> str:
        """The code of a row, derived again for sending or printing."""
        if row.kind == AccessCodeKind.PICKUP:
            return self.codes.pickup_code(row.exam_id.bytes, row.serial)
        return self.codes.long_code(row.kind, row.exam_id.bytes, row.serial)

    def names(self, session: Session, exam_id: uuid.UUID, typed: str) -> bool:
        """Whether the typed code is a code of this exam that still works. Only for who has the exam open: the time
        depends on the exam."""
        wanted, now = normal_code(typed), self.clock.now()
        return any(
            self.code_of(row) == wanted
            for row in repo.codes_of(session, exam_id)
            if row.revoked_at is None and (row.expires_at is None or row.expires_at > now)
        )

    def newest(self, session: Session, exam: Exam, kind: AccessCodeKind) -> str | None:
        """The newest code of a kind (pickup or link) that still works, or None."""
        now = self.clock.now()
        live = [
            row
            for row in repo.codes_of(session, exam.id, kind)
            if row.revoked_at is None and (row.expires_at is None or row.expires_at > now)
        ]
        return self.code_of(live[-1]) if live else None

    def keep_of_phone(
        self, session: Session, exam: Exam, phone: str | None, sent_astray: Collection[uuid.UUID] = ()
    ) -> bool:
        """End the codes that were sent to other numbers than `phone`: pick-up codes, and the codes `sent_astray`. When
        there are any, also end the one-time codes, all sessions of the exam and what was given in them, because
        strangers may have begun them. False when there are none."""
        now = self.clock.now()
        strangers = [
            row.id
            for row in repo.codes_of(session, exam.id)
            if row.revoked_at is None and (row.id in sent_astray or self._is_pickup_of_another(row, phone))
        ]
        if not strangers:
            return False
        codes = repo.revoke_codes(session, exam.id, now, strangers)
        sessions = session_repo.revoke_sessions(session, exam.id, now)
        given.end_all_of(session, [exam.id], now)
        one_time_codes.end_all(session, exam.id, now)
        self.audit.record(
            session,
            Action.CODE_REVOKED,
            actor="system",
            subject=exam_subject(exam.id),
            reason=RevokeReason.ANOTHER_PHONE,
            codes=codes,
            sessions=sessions,
        )
        return True

    def _is_pickup_of_another(self, row: AccessCode, phone: str | None) -> bool:
        is_pickup = row.kind == AccessCodeKind.PICKUP
        return is_pickup and (phone is None or row.code_hash != self.codes.hash("pickup", phone, self.code_of(row)))

    def end_sent_codes_of_others(
        self,
        session: Session,
        patient_id: uuid.UUID,
        without: Collection[uuid.UUID],
        channels: Collection[str],
    ) -> None:
        """End the pick-up codes of all exams of a patient, except the exams `without`, for every phone number, and the
        codes in messages on `channels`. Also end the one-time codes and sessions of these exams, and what was given in
        them. It takes a few statements for any number of exams."""
        now = self.clock.now()
        exams = repo.exams_with_sent_codes(patient_id, without, channels)
        sessions = session_repo.revoke_sessions_of(session, exams, now)
        given.end_all_of(session, exams, now)
        one_time_codes.end_all_of(session, exams, now)
        codes = repo.revoke_sent_codes_of(session, patient_id, exams, channels, now)
        if codes:
            subject, reason = patient_subject(patient_id), RevokeReason.ANOTHER_PHONE
            self.audit.record(
                session,
                Action.CODE_REVOKED,
                actor="system",
                subject=subject,
                reason=reason,
                codes=codes,
                sessions=sessions,
            )

    def revoke_all(self, session: Session, exam: Exam, actor: str, reason: RevokeReason, note: str = "") -> None:
        """End every code and session of an exam at once, and what was given in them, and forget its devices. The next
        QR is a new one.

        `note`: what staff typed, or empty.
        """
        now = self.clock.now()
        codes = repo.revoke_codes(session, exam.id, now)
        sessions = session_repo.revoke_sessions(session, exam.id, now)
        sessions += session_repo.revoke_sessions_of_person(session, exam.id, now)
        one_time_codes.end_all(session, exam.id, now)
        session_repo.forget_devices(session, exam.id)
        given.end_all_of(session, [exam.id], now)
        exam.code_generation += 1
        session.flush()
        raise_exam_revision(session, exam.id)
        self.audit.record(
            session,
            Action.CODE_REVOKED,
            actor=actor,
            subject=exam_subject(exam.id),
            reason=reason,
            **({"note": note} if note else {}),
            codes=codes,
            sessions=sessions,
        )

    def _issue(
        self,
        session: Session,
        exam: Exam,
        kind: AccessCodeKind,
        code_hash: bytes,
        serial: int,
        lifetime: timedelta | None,
    ) -> AccessCode:
        now = self.clock.now()
        row = AccessCode(
            exam_id=exam.id,
            kind=kind,
            code_hash=code_hash,
            serial=serial,
            created_at=now,
            expires_at=now + lifetime if lifetime else None,
        )
        repo.add(session, row)
        self.audit.record(session, Action.CODE_ISSUED, actor="system", subject=exam_subject(exam.id), kind=kind)
        return row

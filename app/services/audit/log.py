"""The audit log: append inside the caller's transaction, verify the chain. Queries are in app/repos/audit/log.py.

The hash of each row is HMAC-SHA256(key, previous hash | canonical JSON of the row). Without the key nobody can change a
row, insert a row, or remove a row from the middle. The head row names the last row and has an HMAC of its own, so a log
whose end was cut off is noticed. An attacker who puts back an old copy of the head is noticed by `anchoring` only.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from app.clock import Clock
from app.models import AuditEvent
from app.repos.audit import log as repo


class Action(StrEnum):
    """Every recorded action. A name is never used again for another action."""

    EXAM_REGISTERED = "exam.registered"
    EXAM_CORRECTED = "exam.corrected"
    EXAM_FIELD_LEFT_OUT = "exam.field_left_out"
    EXAM_HELD = "exam.held"
    EXAM_HOLD_LIFTED = "exam.hold_lifted"
    EXAM_RELEASED = "exam.released"
    REPORT_RELEASED = "report.released"
    PATIENT_CORRECTED = "patient.corrected"
    REPORT_ADDED = "report.added"
    STUDY_MATCHED = "study.matched"
    STUDY_UNMATCHED = "study.unmatched"
    STUDY_LABELLED = "study.labelled"
    INSTANCES_STORED = "instances.stored"
    INSTANCE_QUARANTINED = "instance.quarantined"
    INSTANCE_SUPERSEDED = "instance.superseded"
    STUDY_CORRECTED = "study.corrected"
    INSTANCES_REJECTED = "instances.rejected"
    INSTANCE_REPAIRED = "instance.repaired"
    CODE_ISSUED = "code.issued"
    CODE_REVOKED = "code.revoked"
    ACCESS_GRANTED = "access.granted"
    ACCESS_FAILED = "access.failed"
    ACCESS_ENDED = "access.ended"
    KNOWLEDGE_FACTOR_OFF = "access.knowledge_factor_off"
    ONE_TIME_CODE_SENT = "access.one_time_code_sent"
    ONE_TIME_CODE_REFUSED = "access.one_time_code_refused"
    CONSENT_GIVEN = "consent.given"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    SHARE_CREATED = "share.created"
    SHARE_OPENED = "share.opened"
    SHARE_REVOKED = "share.revoked"
    HAND_OVER_TYPED = "hand_over.typed"
    HAND_OVER_OPENED = "hand_over.opened"
    HAND_OVER_REFUSED = "hand_over.refused"
    FAMILY_ASKED = "family.asked"
    FAMILY_ADDED = "family.added"
    FAMILY_ENDED = "family.ended"
    HELPER_CODE_GIVEN = "helper_code.given"
    HELPER_CODE_OPENED = "helper_code.opened"
    HELPER_CODE_REVOKED = "helper_code.revoked"
    DATA_REQUESTED = "data.requested"
    DATA_REQUEST_TAKEN_BACK = "data.request_taken_back"
    EXAMS_LISTED = "exams.listed"
    EXAM_VIEWED = "exam.viewed"
    IMAGES_VIEWED = "images.viewed"
    REPORT_DOWNLOADED = "report.downloaded"
    IMAGES_DOWNLOADED = "images.downloaded"
    QR_PRINTED = "qr.printed"
    WECHAT_BOUND = "wechat.bound"
    NOTICE_WANTED = "notice.wanted"
    TEXT_MESSAGES_REFUSED = "text_messages.refused"
    TEXT_MESSAGES_WANTED = "text_messages.wanted"
    WECHAT_UNBOUND = "wechat.unbound"
    WECHAT_LOGIN_REFUSED = "wechat.login_refused"
    WECHAT_CALLBACK_REFUSED = "wechat.callback_refused"
    NOTIFICATION_QUEUED = "notification.queued"
    NOTIFICATION_STATE = "notification.state"
    NEWS_AT_DESK = "news.at_desk"
    STAFF_LOGIN = "staff.login"
    STAFF_LOGIN_FAILED = "staff.login_failed"
    STAFF_LOGOUT = "staff.logout"
    STAFF_CREATED = "staff.created"
    STAFF_RESET = "staff.reset"
    STAFF_DISABLED = "staff.disabled"
    STAFF_PASSWORD_CHANGED = "staff.password_changed"  # noqa: S105 - an event's name
    STAFF_SEARCHED = "staff.searched"
    STAFF_VIEWED_EXAM = "staff.viewed_exam"
    STAFF_VIEWED_AS_PATIENT = "staff.viewed_as_patient"
    STAFF_CORRECTED_PHONE = "staff.corrected_phone"
    STAFF_VIEWED_WAITING = "staff.viewed_waiting"
    STAFF_RESENT = "staff.resent"
    STAFF_QUEUED_AGAIN = "staff.queued_again"
    STAFF_REVOKED = "staff.revoked"
    STAFF_LET_IN = "staff.let_in"
    STAFF_LET_BIND = "staff.let_bind"
    STAFF_GAVE_HELPER_CODE = "staff.gave_helper_code"
    STAFF_UNBOUND = "staff.unbound"
    STAFF_CONFIRMED_GUARDIAN = "staff.confirmed_guardian"
    STAFF_ENDED_FAMILY = "staff.ended_family"
    STAFF_VIEWED_FAMILY = "staff.viewed_family"
    STAFF_ANSWERED_DATA_REQUEST = "staff.answered_data_request"
    STAFF_SETTLED_MESSAGE = "staff.settled_message"
    STAFF_REVIVED_JOB = "staff.revived_job"
    SENSITIVE_RULE_ADDED = "sensitive_rule.added"
    SENSITIVE_RULE_ENDED = "sensitive_rule.ended"
    TOKEN_CREATED = "token.created"  # noqa: S105 - an event's name
    TOKENS_LISTED = "token.listed"
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - an event's name
    MACHINE_READ = "machine.read"
    AUDIT_ANCHORED = "audit.anchored"
    BACKUP_MADE = "backup.made"
    BACKUP_RESTORED = "backup.restored"
    FIELD_REFUSED = "field.refused"
    FIELDS_BINDING = "fields.binding"
    FIELDS_BOUND = "fields.bound"
    COUNTS_MENDED = "counts.mended"


@dataclass(frozen=True)
class AuditFault:
    """A break of the chain: the sequence number of the row, and what is wrong with it."""

    seq: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Decides nothing: it appends events to the hash chain and checks the chain. `key`: derived for the purpose
    `audit`, 32 bytes. Raises nothing of its own."""

    key: bytes
    clock: Clock

    def record(self, session: Session, action: Action, *, actor: str, subject: str, **detail: Any) -> None:
        """Append one event inside the caller's transaction. `detail` must hold no personal data."""
        session.flush()  # the rows that the event is about are written first
        seq = repo.lock_head(session)
        event = AuditEvent(
            seq=seq + 1,
            at=self.clock.now(),
            action=str(action),
            actor=actor,
            subject=subject,
            detail=detail,
            previous_hash=repo.hash_of(session, seq),
            hash=b"",
        )
        event.hash = self._hash(event)
        repo.append(session, event, self._head_hash(event.seq, event.hash))

    def verify(self, session: Session) -> list[AuditFault]:
        """All breaks of the chain, in order; empty when the log is whole. It does not block appending."""
        faults: list[AuditFault] = []
        head = repo.head(session)  # read first: the next check covers later events
        previous, expected = b"", 1
        for event in repo.in_order(session, head.seq):
            if event.seq != expected:
                faults.append(AuditFault(expected, f"rows {expected} to {event.seq - 1} are missing"))
            elif not hmac.compare_digest(event.previous_hash, previous):
                faults.append(AuditFault(event.seq, "does not follow the row before it"))
            if not hmac.compare_digest(event.hash, self._hash(event)):
                faults.append(AuditFault(event.seq, "was changed"))
            previous, expected = event.hash, event.seq + 1
        if head.seq != expected - 1 or not hmac.compare_digest(head.hash, self._head_hash(head.seq, previous)):
            faults.append(AuditFault(expected, f"the log ends early: the head stands at {head.seq}"))
        last = repo.last_seq(session)
        if last > repo.head(session).seq:
            faults.append(AuditFault(last, "stands behind the head"))
        return faults

    def extent(self, session: Session) -> tuple[int, datetime | None]:
        """Number of events and the time of the first one. The anchors tell whether it was emptied."""
        return repo.extent(session)

    def _head_hash(self, seq: int, last: bytes) -> bytes:
        """The head hash of an empty log is empty, as in the migration."""
        return hmac.new(self.key, b"head|%d|" % seq + last, hashlib.sha256).digest() if seq else b""

    def _hash(self, event: AuditEvent) -> bytes:
        row = [event.seq, _instant(event.at), event.action, event.actor, event.subject, event.detail]
        text = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hmac.new(self.key, event.previous_hash + b"|" + text.encode(), hashlib.sha256).digest()


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")

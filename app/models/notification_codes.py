"""The codes that rows of messages hold: which channel, what kind, which state, why. What people read for each is in
templates/staff/message_words.html.

The values are stored: one is never changed without a migration.
"""

from __future__ import annotations

from enum import StrEnum


class ChannelName(StrEnum):
    SMS = "sms"
    WECHAT = "wechat"


class NotificationKind(StrEnum):
    """What a message is about. All but a one-time code are news of the exam."""

    IMAGES_READY = "images_ready"
    REPORT_READY = "report_ready"
    RESEND = "resend"
    ONE_TIME_CODE = "one_time_code"


class NotificationState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    DESK = "desk"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


class CancelReason(StrEnum):
    """Why a message that waited is not sent any more: the detail of its last event."""

    REVOKED_AT_DESK = "revoked_at_desk"
    ANOTHER_PATIENT = "another_patient"
    ANOTHER_PHONE = "another_phone"
    EXAM_WITHDRAWN = "exam_withdrawn"
    CODE_REVOKED = "code_revoked"
    CODE_EXPIRED = "code_expired"
    ONE_TIME_CODE_EXPIRED = "one_time_code_expired"


class EventDetail(StrEnum):
    """Our own words for what happened to a message. Beside them a detail is a CancelReason or a carrier's code."""

    QUEUED = "queued"
    QUEUED_AGAIN = "queued_again"
    CANNOT_BE_MADE = "cannot_be_made"
    ANSWER_LOST = "answer_lost"
    """Its sender died between claim and answer."""
    FAULT_WHILE_SENDING = "fault_while_sending"
    NEVER_SENT = "never_sent"
    """Not handed over within three days."""
    NEVER_REPORTED = "never_reported"
    """Nobody knows whether it arrived."""
    SETTLED_AT_DESK = "settled_at_desk"


class FailureCode(StrEnum):
    """Our own failure codes beside the carriers'. A fault nobody foresaw has the name of its type."""

    TEXT_DOES_NOT_FIT = "InvalidMessage"
    NOTICE_DOES_NOT_FIT = "NoticeFault"
    CODE_IS_GONE = "NotFound"
    RECIPIENT_UNREADABLE = "UnsealError"
    WORKER_LOST = "worker lost"

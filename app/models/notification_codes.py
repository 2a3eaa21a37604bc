"""The codes in rows of messages: channel, kind, state, reason. Their words for people are in
templates/staff/message_words.html.

The values are stored. A value never changes without a migration.
"""

from __future__ import annotations

from enum import StrEnum


class ChannelName(StrEnum):
    SMS = "sms"
    WECHAT = "wechat"


class NotificationKind(StrEnum):
    """What a message is about. Those of `NO_NEWS` tell no news of the exam."""

    IMAGES_READY = "images_ready"
    REPORT_READY = "report_ready"
    REPORT_AMENDED = "report_amended"
    """A report was amended after somebody read it."""
    RESEND = "resend"
    ONE_TIME_CODE = "one_time_code"
    RELATIVE_ADDED = "relative_added"
    """A relative may see the patient's exams from now on."""
    SHARE_OPENED = "share_opened"
    """Somebody opened what the patient shared."""
    RELATIVE_AMENDED = "relative_amended"
    """To a relative: a report of the patient that the relative read was amended."""


ABOUT_ACCESS = (NotificationKind.RELATIVE_ADDED, NotificationKind.SHARE_OPENED)
"""They tell who may see or saw the exam, whatever becomes of the exam."""
NO_NEWS = (NotificationKind.ONE_TIME_CODE, *ABOUT_ACCESS)
FOR_RELATIVES = (NotificationKind.RELATIVE_AMENDED,)
"""They go to a relative and never to the patient. They wait and end with the exam, as its news does."""


class NotificationState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    DESK = "desk"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TellingState(StrEnum):
    """By which way a patient is being told of something new; the first two are channels."""

    WECHAT = "wechat"
    SMS = "sms"
    DESK = "desk"
    """No way is left: a human tells the patient."""
    ENDED = "ended"
    """It is told no more: the exam was withdrawn, or newer news tells it."""


class CancelReason(StrEnum):
    """Why a waiting message is not sent any more. This is the detail of its last event."""

    REVOKED_AT_DESK = "revoked_at_desk"
    ANOTHER_PATIENT = "another_patient"
    ANOTHER_PHONE = "another_phone"
    EXAM_WITHDRAWN = "exam_withdrawn"
    CODE_REVOKED = "code_revoked"
    OPTED_OUT = "opted_out"
    """The number wants no news by text message."""
    GRANT_ENDED = "grant_ended"
    """The relative may not see the patient's exams any more, or has another number."""
    CODE_EXPIRED = "code_expired"
    ONE_TIME_CODE_EXPIRED = "one_time_code_expired"


class OptOutOrigin(StrEnum):
    """How a number said that it wants no news."""

    REPLY = "reply"
    DESK = "desk"


class EventDetail(StrEnum):
    """Our own codes for what happened to a message. A detail can also be a CancelReason or a code of the carrier."""

    QUEUED = "queued"
    QUEUED_AGAIN = "queued_again"
    CANNOT_BE_MADE = "cannot_be_made"
    ANSWER_LOST = "answer_lost"
    """The worker died after it claimed the message and before it stored the carrier's answer."""
    FAULT_WHILE_SENDING = "fault_while_sending"
    HANDED_OVER_AGAIN = "handed_over_again"
    """Its outcome was unknown, and the carrier takes the same message once."""
    NEVER_SENT = "never_sent"
    """The message was not handed to the carrier within three days."""
    NEVER_REPORTED = "never_reported"
    """Nobody knows whether the message arrived."""
    SETTLED_AT_DESK = "settled_at_desk"
    WAITS_FOR_MORNING = "waits_for_morning"
    DAILY_LIMIT = "daily_limit"
    """The patient had as many messages as are sent in a day."""
    PACED = "paced"
    """WeChat takes only so many notices in a short time."""
    TOLD_TOGETHER = "told_together"
    """Another message of the patient tells this one's news too."""


class FailureCode(StrEnum):
    """Our own failure codes; carriers have others. An unexpected fault is stored as the name of its type."""

    TEXT_DOES_NOT_FIT = "InvalidMessage"
    NOTICE_DOES_NOT_FIT = "NoticeFault"
    CODE_IS_GONE = "NotFound"
    RECIPIENT_UNREADABLE = "UnsealError"
    WORKER_LOST = "worker lost"

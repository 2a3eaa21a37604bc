"""Text messages to the phone number on file, with or without a pick-up code. The carrier sends receipts for them.

The texts are in sms/templates.py; app/bootstrap chooses the carrier.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

import sms.sender
from app.models import ChannelName, Exam, FailureCode, Notification, Patient
from app.security.fields import FieldSealer
from app.services.channels.carried_codes import CarriedCodes
from app.services.channels.channel import (
    CARRIES_DIGITS,
    MOST_TOGETHER,
    Accepted,
    CannotBeMade,
    Contents,
    DeliveryReceipt,
    HandOver,
    Later,
    Outcome,
    Recipient,
    Refused,
    Unknown,
    Wording,
)
from app.services.patient_access.opening import MOST_AT_ONCE
from sms.errors import InvalidMessage, SendingError, SmsRefused, SmsRetryLater, SmsUnknown
from sms.phone import mask
from sms.sender import SmsSender
from sms.templates import TEMPLATES, SmsMessage, SmsTemplate, for_event

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class SmsChannel:
    """Decides what a text message says, and what the carrier's answer means. Raises CannotBeMade.

    `family` (T0, T1 or T3) and `signature`: as registered with the carrier. `alarms`: whether a code of a carrier is an
    alarm. `base_url`: where patients reach us.
    """

    fields: FieldSealer
    carried: CarriedCodes
    sender: SmsSender
    alarms: Callable[[str], bool]
    family: str
    signature: str
    base_url: str

    name = ChannelName.SMS
    follows_phone = True
    reports = True
    takes_once_for = timedelta()

    def recipient(self, session: Session, patient: Patient) -> Recipient | None:
        if patient.phone_sealed is None:
            return None
        phone = self.fields.open_of(patient, "phone_sealed")
        return Recipient(phone, mask(phone))

    def contents(self, session: Session, exam: Exam, recipient: Recipient, wording: Wording) -> Contents:
        """News of family T1 carries a new pick-up code. A one-time code exists already."""
        template = for_event(wording, self.family)
        if template.has_link:
            return Contents(template.name, self.carried.access_codes.issue_link(session, exam)[0].id)
        if wording in CARRIES_DIGITS or not template.variable_count:
            return Contents(template.name)
        code, _ = self.carried.access_codes.issue_pickup(session, exam, recipient.address)
        return Contents(template.name, code.id)

    def parcel(self, session: Session, row: Notification, address: str) -> HandOver:
        text = self.text(session, row)
        return lambda: self._hand_over(address, text, row.id.hex)

    def text(self, session: Session, row: Notification) -> SmsMessage:
        """The text of a row. Raises CannotBeMade."""
        template = TEMPLATES.get(row.template)
        if template is None:
            raise CannotBeMade(FailureCode.TEXT_DOES_NOT_FIT)
        variables = (self._variable(session, row, template),) if template.variable_count else ()
        try:
            return SmsMessage(template, variables, self.signature)
        except InvalidMessage as error:
            raise CannotBeMade(FailureCode.TEXT_DOES_NOT_FIT) from error

    def _variable(self, session: Session, row: Notification, template: SmsTemplate) -> str:
        code = self.carried.code_in(session, row)
        return f"{self.base_url}/s/{code}" if template.has_link else code

    def repeats(self, row: Notification) -> bool:
        return False

    def most_together(self, row: Notification) -> int:
        """A pick-up code stands for one exam; a link opens all that its text tells of."""
        if row.access_code_id is None:
            return MOST_TOGETHER
        template = TEMPLATES.get(row.template)
        return MOST_AT_ONCE if template is not None and template.has_link else 1

    def ask(self, address: str, since: datetime, until: datetime) -> Sequence[DeliveryReceipt]:
        try:
            return [receipt_of(found) for found in self.sender.receipts(address, since, until)]
        except SendingError as error:
            log.warning("receipts cannot be pulled", failure_code=error.code)
            return []

    def is_alarm(self, code: str) -> bool:
        return code == FailureCode.TEXT_DOES_NOT_FIT or self.alarms(code)

    def _hand_over(self, phone: str, text: SmsMessage, sent_along: str) -> Outcome:
        try:
            taken = self.sender.send(phone, text, sent_along)
        except SmsRefused as error:
            return Refused(error.code)
        except SmsRetryLater as error:
            return Later(error.code, timedelta(seconds=error.after_s))
        except SmsUnknown as error:
            return Unknown(error.code, error.serial)
        return Accepted(taken.serial, taken.segments)


def receipt_of(receipt: sms.sender.DeliveryReceipt) -> DeliveryReceipt:
    """A carrier's receipt in the form of `channel`, which services use."""
    return DeliveryReceipt(receipt.serial, receipt.phone, receipt.delivered, receipt.code, receipt.session_context)

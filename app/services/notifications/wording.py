"""A row of the outbox as the message that is sent: template, variables, link. Codes are derived here, never stored."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.clock import CHINA
from app.errors import NotFound
from app.models import Exam, Notification
from app.repos.notifications import outbox as repo
from app.security.codes import Codes
from app.services.patient_access.codes import AccessCodes
from sms.errors import InvalidMessage
from sms.templates import TEMPLATES as SMS_TEMPLATES
from sms.templates import SmsMessage
from wechat.errors import NoticeFault
from wechat.notices import Notice
from wechat.templates import EXAM, HINT, READY
from wechat.templates import TEMPLATES as WECHAT_TEMPLATES

ONE_TIME = "one_time_code:"


@dataclass(frozen=True, kw_only=True)
class Wording:
    """`family` and `signature` as registered with the carrier; `base_url` is where patients reach us."""

    codes: Codes
    access_codes: AccessCodes
    family: str
    signature: str
    base_url: str

    def sms(self, session: Session, row: Notification) -> SmsMessage:
        """Raises sms.errors.InvalidMessage, NotFound."""
        template = SMS_TEMPLATES.get(row.template)
        if template is None:
            raise InvalidMessage("its template is gone")
        variables = (self._code(session, row),) if template.variable_count else ()
        return SmsMessage(template, variables, self.signature)

    def notice(self, session: Session, row: Notification, exam: Exam) -> Notice:
        """Raises wechat.errors.NoticeFault, NotFound."""
        performed = exam.performed_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
        values = {"thing1": EXAM, "time2": performed, "phrase3": READY, "thing4": HINT}
        link = f"{self.base_url}/s/{self._code(session, row)}"
        template = WECHAT_TEMPLATES.get(row.template)
        if template is None:
            raise NoticeFault(row.template, "its template is gone")
        return Notice(template, values, link)

    def _code(self, session: Session, row: Notification) -> str:
        if row.event.startswith(ONE_TIME):
            return self.codes.one_time_code(one_time_id(row).bytes)
        code = repo.access_code(session, row.access_code_id) if row.access_code_id else None
        if code is None:
            raise NotFound("the message's code is gone")
        return self.access_codes.code_of(code)


def one_time_id(row: Notification) -> uuid.UUID:
    return uuid.UUID(row.event.removeprefix(ONE_TIME))

"""Notices of the official account, with a link, to the WeChat account that a patient bound. WeChat pushes what became
of each; where no pushes arrive, a notice stays accepted.

The texts are in wechat/templates.py; accounts are bound in services/wechat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.clock import CHINA
from app.models import (
    ABOUT_ACCESS,
    FOR_RELATIVES,
    ChannelName,
    Exam,
    FailureCode,
    Notification,
    NotificationKind,
    Patient,
)
from app.repos.exams import exams as exam_repo
from app.repos.notifications import gathering
from app.services.channels.carried_codes import CarriedCodes
from app.services.channels.channel import (
    LEADS_TO_LIST,
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
from app.services.wechat.accounts import WechatAccounts
from app.services.wechat.subscriptions import Subscriptions
from wechat.errors import ALARMS, NoticeFault, WechatRefused, WechatRetryLater, WechatUnknown
from wechat.notices import Notice, NoticeJob, NoticeTemplate, Source, WechatNotifier
from wechat.templates import EXAM, READY, SAID, SUBSCRIBED

SERIAL = "wechat:"
"""Before WeChat's number of a notice: carriers of text messages have numbers too."""


@dataclass(frozen=True, kw_only=True)
class WechatChannel:
    """Decides what a notice says, and what WeChat's answer means. Raises CannotBeMade.

    `notifier`: None when notices are off; then waiting notices fail. `base_url`: the address for patients.
    """

    carried: CarriedCodes
    accounts: WechatAccounts
    subscriptions: Subscriptions
    notifier: WechatNotifier | None
    templates: Mapping[str, NoticeTemplate]
    base_url: str

    name = ChannelName.WECHAT
    follows_phone = False
    reports = True
    takes_once_for = timedelta(minutes=9)
    """WeChat knows a `client_msg_id` for ten minutes."""

    def recipient(self, session: Session, patient: Patient) -> Recipient | None:
        """Whoever is bound to the patient, else whoever opened an exam and wants to be told."""
        if self.notifier is None:
            return None
        openid = self.accounts.openid(session, patient.id) or self.subscriptions.openid(session, patient.id)
        return Recipient(openid, f"{openid[:4]}****{openid[-4:]}") if openid else None

    def contents(self, session: Session, exam: Exam, recipient: Recipient, wording: Wording) -> Contents:
        if wording in LEADS_TO_LIST:
            return Contents(wording)
        code, _ = self.carried.access_codes.issue_link(session, exam)
        follows = self.accounts.openid(session, exam.patient_id) == recipient.address
        return Contents(wording if follows else SUBSCRIBED, code.id)

    def parcel(self, session: Session, row: Notification, address: str) -> HandOver:
        exam, notifier = exam_repo.exam(session, row.exam_id), self.notifier
        if exam is None or notifier is None:
            raise CannotBeMade(FailureCode.CODE_IS_GONE)
        notice = self.notice(session, row, exam)
        return lambda: _hand_over(notifier, address, notice, row.id.hex)

    def notice(self, session: Session, row: Notification, exam: Exam) -> Notice:
        """The notice of a row. Raises CannotBeMade."""
        performed = exam.performed_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
        state = SAID.get(row.template, READY)
        told = {Source.EXAM: EXAM, Source.TIME: performed, Source.STATE: state}
        link = self._link(session, row)
        template = self.templates.get(row.template)
        if template is None:
            raise CannotBeMade(FailureCode.NOTICE_DOES_NOT_FIT)
        try:
            return template.filled(told, link)
        except NoticeFault as error:
            raise CannotBeMade(FailureCode.NOTICE_DOES_NOT_FIT) from error

    def _link(self, session: Session, row: Notification) -> str:
        if row.template != SUBSCRIBED and gathering.carried(session, row.id):  # the list has all of them
            return f"{self.base_url}/wx/enter?to=exams"
        if row.kind in (*ABOUT_ACCESS, *FOR_RELATIVES):
            to = "family" if row.kind == NotificationKind.RELATIVE_ADDED else "exams"
            return f"{self.base_url}/wx/enter?to={to}"
        return f"{self.base_url}/s/{self.carried.code_in(session, row)}"

    def repeats(self, row: Notification) -> bool:
        return row.template != SUBSCRIBED

    def most_together(self, row: Notification) -> int:
        """Who is bound finds all own exams in the list. Whoever only asked to be told has no list: the link of one exam
        opens the others that the notice tells of."""
        return MOST_AT_ONCE if row.template == SUBSCRIBED else MOST_TOGETHER

    def ask(self, address: str, since: datetime, until: datetime) -> Sequence[DeliveryReceipt]:
        return ()

    def is_alarm(self, code: str) -> bool:
        return code == FailureCode.NOTICE_DOES_NOT_FIT or code in {str(alarm) for alarm in ALARMS}


def receipt_of(job: NoticeJob) -> DeliveryReceipt:
    """What WeChat pushed of a notice, in the form of `channel`."""
    return DeliveryReceipt(f"{SERIAL}{job.msgid}", job.openid, delivered=job.delivered, code=job.status[:64])


def _hand_over(notifier: WechatNotifier, openid: str, notice: Notice, client_msg_id: str) -> Outcome:
    try:
        taken = notifier.send(openid, notice, client_msg_id)
    except WechatRefused as error:
        return Refused(str(error.code))
    except WechatRetryLater as error:
        return Later(str(error.code), timedelta(seconds=error.after_s))
    except WechatUnknown as error:
        return Unknown(str(error.code))
    return Accepted(f"{SERIAL}{taken.msgid}", 0)
